/** Ticked runs: ranges, all that match, and a dialogue that says what an action will do before it does it. */
import { renewParts } from "../parts.js";

const BAR = document.getElementById("bulk-bar");

/** @param {HTMLElement} bar */
function start(bar) {
  const form = /** @type {HTMLFormElement} */ (document.getElementById(bar.dataset.form ?? ""));
  const count = /** @type {HTMLElement} */ (document.getElementById("ticked"));
  const shown = /** @type {HTMLInputElement} */ (document.getElementById("tick-shown"));
  const matching = /** @type {HTMLInputElement} */ (document.getElementById("tick-matching"));
  const dialog = document.body.appendChild(document.createElement("dialog"));
  dialog.setAttribute("aria-labelledby", "bulk-title");
  for (const each of bar.querySelectorAll(".by-script")) each.classList.remove("by-script");
  /** Where a range begins. @type {HTMLInputElement | null} */
  let anchor = null;

  const boxes = () => /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll(`input[name="run"][form="${form.id}"]`)]);
  const update = () => {
    const all = boxes();
    const ticked = matching.checked ? Number(bar.dataset.matching) : all.filter((box) => box.checked).length;
    count.textContent = `${ticked.toLocaleString("en")} ${ticked === 1 ? "run" : "runs"}`;
    shown.checked = all.length > 0 && all.every((box) => box.checked);
    bar.classList.toggle("open", ticked > 0 || bar.classList.contains("saying"));
  };
  /** @param {boolean} ticked */
  const tickAll = (ticked) => {
    for (const box of boxes()) box.checked = ticked;
    if (!ticked) matching.checked = false;
    update();
  };
  const quiet = () => {
    bar.classList.remove("saying");
    bar.querySelector(":scope > .bulk")?.remove();
    update();
  };

  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.name !== "run") return;
    quiet();
    const all = boxes();
    const [from, to] = [anchor ? all.indexOf(anchor) : -1, all.indexOf(box)];
    if (event.shiftKey && from >= 0) {
      for (const each of all.slice(Math.min(from, to), Math.max(from, to) + 1)) each.checked = box.checked;
    }
    if (!box.checked) matching.checked = false;
    anchor = box;
    update();
  });
  shown.addEventListener("change", () => tickAll(shown.checked));
  matching.addEventListener("change", () => tickAll(matching.checked));
  document.getElementById("untick")?.addEventListener("click", () => tickAll(false));
  // Return in the field means the action beside it, not the first button of the form.
  bar.querySelector('input[name="tag"]')?.addEventListener("keydown", (event) => {
    if (/** @type {KeyboardEvent} */ (event).key !== "Enter") return;
    event.preventDefault();
    /** @type {HTMLButtonElement} */ (bar.querySelector('button[value="tag"]')).click();
  });

  /**
   * Send a form and return the part of the answer that says what will happen, or has happened.
   * @param {string} address @param {FormData} data
   */
  const send = async (address, data) => {
    const body = new URLSearchParams(/** @type {any} */ (data));
    const answer = await fetch(address, { method: "POST", body, headers: { Accept: "text/html" } }).catch(() => null);
    const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
    const part = page.getElementById("bulk");
    if (part) return part;
    const failed = document.createElement("section");
    failed.id = "bulk";
    failed.className = "bulk";
    failed.innerHTML = '<p class="message" role="alert"></p><form class="acts"><a class="btn" data-close href="">Close</a></form>';
    const why = page.querySelector("main p")?.textContent ?? "The server does not answer. Nothing is known to have changed.";
    /** @type {HTMLElement} */ (failed.firstElementChild).textContent = why;
    return failed;
  };
  /** @param {Element} part */
  const say = (part) => {
    bar.querySelector(":scope > .bulk")?.remove();
    bar.classList.add("saying");
    bar.append(part);
    tickAll(false);
    /** @type {HTMLElement | null} */ (part.querySelector("button, a"))?.focus();
    renewParts();
  };

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement) || button.name !== "action") {
      // What the bar holds is not what is compared: it would only lengthen the link.
      const own = /** @type {HTMLInputElement[]} */ ([...bar.querySelectorAll("input")]).filter((input) => !input.disabled);
      for (const input of own) input.disabled = true;
      setTimeout(() => { for (const input of own) input.disabled = false; });
      return;
    }
    event.preventDefault();
    const part = await send(button.formAction, new FormData(form, button));
    dialog.replaceChildren(part);
    dialog.showModal();
    /** @type {HTMLElement | null} */ (part.querySelector("button, a"))?.focus();
  });
  document.addEventListener("submit", async (event) => {
    const sent = /** @type {HTMLFormElement} */ (event.target);
    if (!sent.closest("#bulk")) return;
    if (sent.matches("[data-download]")) return dialog.close();
    event.preventDefault();
    for (const button of sent.querySelectorAll("button")) button.disabled = true;
    const part = await send(sent.getAttribute("action") ?? "", new FormData(sent));
    dialog.close();
    say(part);
  });
  document.addEventListener("click", (event) => {
    const link = /** @type {HTMLElement} */ (event.target).closest?.("#bulk [data-close]");
    if (!link) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else quiet();
  });
  addEventListener("pageshow", update); // a browser that goes back ticks what was ticked
  update();
}

if (BAR) start(BAR);
