/** The weights with the picture in them, as the form stands: the last image stays until the next one is decoded. */
import { at, formToken } from "../address.js";
import { paced } from "../hints.js";
import { onTheme } from "../theme.js";

const FRAME = 256;

/** @param {HTMLFormElement} form */
export function preview(form) {
  const look = /** @type {HTMLElement} */ (document.getElementById("look"));
  const image = /** @type {HTMLImageElement} */ (document.getElementById("look-picture"));
  const says = /** @type {HTMLElement} */ (document.getElementById("look-says"));
  let shown = "";
  let asked = "";

  /** @param {string} words */
  const cannot = (words) => {
    look.classList.add("stale");
    says.textContent = words;
  };

  const renew = paced(async () => {
    const question = ask(form);
    if (typeof question === "string") {
      asked = "";
      return cannot(question);
    }
    const body = JSON.stringify(question);
    if (body === asked) return;
    asked = body;
    try {
      const answer = await fetch(at("/api/v1/pictures/preview"), { method: "POST", body, headers: { "Content-Type": "application/json", ...formToken() } });
      if (!answer.ok) return cannot(await refusal(answer));
      const told = JSON.parse(answer.headers.get("X-Preview") ?? "{}");
      const address = URL.createObjectURL(await answer.blob());
      const next = new Image();
      next.src = address;
      await next.decode();
      image.src = address;
      URL.revokeObjectURL(shown);
      shown = address;
      // A matrix keeps its proportions; a flat one is still a line.
      const longest = Math.max(told.rows, told.columns);
      image.style.height = `${Math.max(6, (FRAME * told.rows) / longest)}px`;
      image.style.width = `${Math.max(6, (FRAME * told.columns) / longest)}px`;
      look.classList.toggle("fine", next.naturalWidth <= FRAME && next.naturalHeight <= FRAME);
      look.classList.remove("stale");
      image.hidden = false;
      says.textContent = told.says;
    } catch {
      asked = "";
      cannot("The server does not answer; the preview returns when it does.");
    }
  }, 80);

  form.addEventListener("input", renew);
  onTheme(renew);
  renew();
}

/**
 * What the form asks to see, or words on what is missing.
 * @param {HTMLFormElement} form
 */
function ask(form) {
  const data = new FormData(form);
  const of = (/** @type {string} */ name) => String(data.get(name) ?? "").trim();
  const kind = of("picture");
  /** @type {Record<string, string>} */
  const picture = { kind };
  for (const name of data.keys()) {
    if (name.startsWith(`picture.${kind}.`)) picture[name.split(".")[2]] = of(name);
  }
  const contrast = Number(of("contrast"));
  const width = Number(of("widths").split(/[\s,]+/)[0]);
  if (kind === "text" && !picture.text) return "Type a letter to see it in the weights.";
  if (kind === "upload" && !picture.png) return "Draw, drop, paste or choose a picture to see it in the weights.";
  if (!(contrast > 0 && contrast <= 1)) return "contrast must be greater than 0 and at most 1.";
  if (!(Number.isInteger(width) && width >= 8 && width <= 4096)) return "widths must be whole numbers from 8 to 4,096.";
  const dark = getComputedStyle(document.body).colorScheme === "dark"
    || (getComputedStyle(document.body).colorScheme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  return {
    picture,
    contrast,
    width,
    placement: of("placement"),
    layer: of("layer"),
    dataset: { kind: of("dataset") },
    size: Math.min(512, FRAME * Math.ceil(devicePixelRatio)),
    theme: dark ? "dark" : "light",
  };
}

/** @param {Response} answer */
async function refusal(answer) {
  const problem = await answer.json().catch(() => null);
  const error = problem?.errors?.[0];
  if (!error) return problem?.detail ?? `The server answered ${answer.status}.`;
  return `${error.path.split(".").pop()} ${error.message}.`;
}
