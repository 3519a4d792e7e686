/** The board: renewed as runs move, with a search that completes what is written. */
import "../live/page.js";
import "./bulk.js";
import { complete } from "./complete.js";
import { scroll } from "./scroll.js";

complete(/** @type {HTMLInputElement} */ (document.getElementById("q")));
scroll();
