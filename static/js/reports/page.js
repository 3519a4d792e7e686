/** A report: its figures, each at the view that its link names. */
import { FigureCard } from "../figure.js";

for (const card of document.querySelectorAll(".figure")) new FigureCard(/** @type {HTMLElement} */ (card));
