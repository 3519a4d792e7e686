"""A whole store as a folder of plain files, and a store from one: verified before, while and after."""
