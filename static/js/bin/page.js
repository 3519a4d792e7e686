/** The bin: its runs are chosen as on the board, and further ones come as the reader scrolls. */
import "../board/bulk.js";
import { scroll } from "../board/scroll.js";

scroll();
