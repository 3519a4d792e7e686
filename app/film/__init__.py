"""The film wall: how weight matrices of an erasure run look at every saved step, as pictures and as files."""
