/** The picture of a new erasure study: a sheet to draw on, photographs to see, and the weights as they would begin. */
import { at } from "../address.js";
import { own } from "./own.js";
import { preview } from "./preview.js";

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("spec-form"));
if (form && document.getElementById("studio")) {
  photographs(form);
  strength(form);
  own(form);
  preview(form);
}

/** @param {HTMLFormElement} form */
function photographs(form) {
  for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll('[name="picture.sample.name"]'))) {
    const image = new Image(76, 76);
    image.src = at(`/api/v1/pictures/samples/${input.value}`);
    image.alt = "";
    input.closest("label")?.prepend(image);
    input.closest(".segments")?.classList.add("photos");
  }
}

/** A slider beside the number: the preview follows while it moves. @param {HTMLFormElement} form */
function strength(form) {
  const number = /** @type {HTMLInputElement} */ (form.elements.namedItem("contrast"));
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: "0.02", max: "1", step: "0.02", className: "strength", value: number.value });
  slider.setAttribute("aria-label", "contrast");
  number.closest(".box")?.after(slider);
  slider.addEventListener("input", () => { number.value = String(Number(slider.value)); });
  number.addEventListener("input", () => { slider.value = number.value; });
}
