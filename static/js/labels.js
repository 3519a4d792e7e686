/**
 * Labels inside a plot, put where there is room once its size in pixels is known: beside their point or line, on no
 * marker and on no other line; and names of small pictures, right beside them.
 */
import { column } from "./logarithmic.js";

/**
 * @typedef {{x: number, y: number}} Point
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 * @typedef {Point & {role: string, radius: number}} Mark
 * @typedef {{from: Point, to: Point, role: string}} Piece
 * @typedef {{at: Point, box: Box, far: number, cost: number}} Spot
 * @typedef {{note: number, x: number, y: number} | {note: number, image: number, aspect: number}} Place
 * `note` is an annotation's index; it names a point in units of the axes, or a picture
 */

// In px: distances from a point at which a label may be, and that from which a thin line leads to it.
const RINGS = [6, 10, 16, 24, 34, 46, 60, 76, 94, 114, 136, 160, 200];
const LED = 20;
const [LINE, AIR, INSET] = [15, 2, 3];
const WAYS = Array.from({ length: 16 }, (_, k) => (k * Math.PI) / 8);
// Points of its own line, besides the one that is named, at which a label may be.
const ELSEWHERE = 14;
const ACROSS = 12;

/**
 * Keep, in place, what `layout.meta.places` says of annotations with these, whatever becomes of their order.
 * @param {any} layout
 */
export function tagged(layout) {
  for (const place of layout.meta?.places ?? []) layout.annotations[place.note].place = place;
}

/**
 * Put, in place, the annotations that are tagged.
 * @param {{data: any[], layout: any}} figure @param {number} width of the whole figure in pixels @param {number} height
 */
export function placed({ data, layout }, width, height) {
  const every = layout.annotations ?? [];
  if (!every.some((/** @type {any} */ note) => note.place)) return;
  const plane = planeOf(layout, width, height);
  /** @type {any[]} */
  const free = [];
  layout.meta.places = [];
  every.forEach((/** @type {any} */ note, /** @type {number} */ i) => {
    /** @type {Place | undefined} */
    const place = note.place;
    delete note.place;
    if (!place) return;
    layout.meta.places.push({ ...place, note: i });
    if ("image" in place) beside(note, layout.images[place.image], place.aspect, plane);
    else free.push(Object.assign(note, { x: place.x, y: place.y, xref: "x", yref: "y" }));
  });
  const others = every.filter((/** @type {any} */ note) => note.text && !free.includes(note)).map((/** @type {any} */ note) => boxOf(note, plane));
  arrange(free, drawn(data, layout.shapes ?? [], plane), others, plane);
}

/**
 * From an axis' own unit to pixels of the figure.
 * @param {any} layout @param {number} width @param {number} height
 */
function planeOf(layout, width, height) {
  const { l, r, t, b } = layout.margin;
  const along = (/** @type {any} */ axis, /** @type {number} */ start, /** @type {number} */ size) => {
    const [low, high] = axis.domain ?? [0, 1];
    const [first, last] = axis.range;
    return (/** @type {number} */ value) => start + size * (low + ((value - first) / (last - first)) * (high - low));
  };
  const x = along(layout.xaxis, l, width - l - r);
  const y = along(layout.yaxis, height - b, t + b - height);
  const area = { left: l + INSET, right: width - INSET, top: t + 1, bottom: height - b - INSET };
  return { x, y, area, width: width - l - r, height: height - t - b, l, t, logX: layout.xaxis.type === "log", logY: layout.yaxis.type === "log" };
}

/** @typedef {ReturnType<typeof planeOf>} Plane */

/** @type {CanvasRenderingContext2D | null} */
let pen = null;

/** Width of a text as figures write it, in px. @param {string} text */
function wide(text) {
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return 7 * text.length;
  pen.font = "12px Inter, system-ui, sans-serif";
  return pen.measureText(text).width + 2 * AIR;
}

/** Where an annotation is as the server has it. @param {any} note @param {Plane} plane @returns {Box} */
function boxOf(note, plane) {
  let x = (note.xref ?? "x") === "paper" ? plane.l + note.x * plane.width : plane.x(note.x);
  let y = note.yref === "paper" ? plane.t + (1 - note.y) * plane.height : plane.y(note.y);
  // Of a label that a line leads to, the other end of the line.
  if (note.showarrow) [x, y] = [note.axref === "x" ? plane.x(note.ax) : x + note.ax, note.ayref === "y" ? plane.y(note.ay) : y + note.ay];
  const [w, h] = note.textangle ? [LINE, wide(note.text)] : [wide(note.text), LINE];
  const left = x + (note.xshift ?? 0) - w * { left: 0, center: 0.5, right: 1 }[/** @type {"left"} */ (note.xanchor ?? "center")];
  const top = y - (note.yshift ?? 0) - h * { top: 0, middle: 0.5, bottom: 1 }[/** @type {"top"} */ (note.yanchor ?? "middle")];
  return { left, right: left + w, top, bottom: top + h };
}

/** A name right of a picture that keeps its proportions within its place. @param {any} note @param {any} image @param {number} aspect @param {Plane} plane */
function beside(note, image, aspect, plane) {
  const across = plane.x(image.x + image.sizex) - plane.x(image.x);
  const shown = image.sizing === "stretch" ? across : Math.min(across, aspect * image.sizey * plane.height);
  Object.assign(note, { x: image.x, xanchor: "left", xshift: shown / 2 + 5 });
}

/** Markers and lines of a figure in pixels. @param {any[]} data @param {any[]} shapes @param {Plane} plane */
function drawn(data, shapes, plane) {
  /** @type {Mark[]} */
  const marks = [];
  /** @type {Piece[]} */
  const pieces = [];
  for (const trace of data) {
    if (!trace.x || !trace.y || (trace.yaxis ?? "y") !== "y" || trace.line?.width === 0) continue;
    const role = trace.meta?.role ?? "";
    const [xs, ys] = [column(trace.x), column(trace.y)];
    const points = xs.map((x, i) => ({ x: plane.x(plane.logX ? Math.log10(x) : x), y: plane.y(plane.logY ? Math.log10(ys[i]) : ys[i]) }));
    const there = (/** @type {Point | undefined} */ point) => point !== undefined && Number.isFinite(point.x) && Number.isFinite(point.y);
    const radius = (typeof trace.marker?.size === "number" ? trace.marker.size : 8) / 2 + 1;
    points.forEach((point, i) => {
      if (!there(point)) return;
      if (trace.mode.includes("markers")) marks.push({ ...point, role, radius });
      const next = points[i + 1];
      if (!trace.mode.includes("lines") || !there(next)) return;
      // Steps go across, then up or down.
      const corner = trace.line?.shape === "hv" ? { x: next.x, y: point.y } : next;
      pieces.push({ from: point, to: corner, role });
      if (corner !== next) pieces.push({ from: corner, to: next, role });
    });
  }
  for (const { type, name, x0, x1, y0, y1, xref, yref } of shapes) {
    if (type !== "line") continue;
    if (yref === "paper" && x0 === x1) {
      const x = plane.x(plane.logX ? Math.log10(x0) : x0);
      pieces.push({ from: { x, y: plane.t }, to: { x, y: plane.t + plane.height }, role: `line of ${name}` });
    } else if (xref === "paper" && y0 === y1) {
      // A name of a line across the plot may be anywhere on it.
      const y = plane.y(plane.logY ? Math.log10(y0) : y0);
      const at = (/** @type {number} */ k) => ({ x: plane.l + (k / ACROSS) * plane.width, y });
      for (let k = 0; k < ACROSS; k++) pieces.push({ from: at(k), to: at(k + 1), role: name });
    }
  }
  return { marks, pieces };
}

/**
 * Each label in turn at its best spot, the others staying; of two orders to begin in, that which costs less.
 * @param {any[]} notes @param {{marks: Mark[], pieces: Piece[]}} obstacles @param {Box[]} others @param {Plane} plane
 */
function arrange(notes, obstacles, others, plane) {
  const order = notes.map((_, i) => i);
  const ways = [order, order.toReversed()].map((each) => inTurn(each, notes, obstacles, others, plane));
  const cost = (/** @type {(Spot | null)[]} */ spots) => spots.reduce((sum, spot) => sum + (spot?.cost ?? 0), 0);
  const spots = cost(ways[1]) < cost(ways[0]) ? ways[1] : ways[0];
  notes.forEach((note, i) => {
    const spot = spots[i];
    if (!spot) return;
    const { x, y } = middle(spot.box);
    const back = (/** @type {number} */ pixels, /** @type {(value: number) => number} */ of) => (pixels - of(0)) / (of(1) - of(0));
    const where = { x: back(spot.at.x, plane.x), y: back(spot.at.y, plane.y), xanchor: "center", yanchor: "middle" };
    const led = spot.far >= LED;
    Object.assign(note, where, led
      ? { showarrow: true, arrowhead: 0, arrowwidth: 1, arrowcolor: note.font.color, standoff: 4, ax: x - spot.at.x, ay: y - spot.at.y, xshift: 0, yshift: 0 }
      : { showarrow: false, xshift: x - spot.at.x, yshift: spot.at.y - y });
    delete note.bgcolor;
  });
}

/**
 * @param {number[]} order @param {any[]} notes @param {{marks: Mark[], pieces: Piece[]}} obstacles @param {Box[]} others
 * @param {Plane} plane
 */
function inTurn(order, notes, { marks, pieces }, others, plane) {
  /** @type {(Spot | null)[]} */
  const spots = notes.map(() => null);
  const anchors = notes.map((note) => anchorsOf(note, pieces, plane));
  for (let round = 0; round < 3; round++) {
    for (const i of order) {
      const taken = [...others, ...spots.flatMap((spot, k) => (spot && k !== i ? [spot.box] : []))];
      const leads = spots.flatMap((spot, k) => (spot && k !== i && spot.far >= LED ? [{ from: spot.at, to: middle(spot.box) }] : []));
      spots[i] = best(notes[i], anchors[i], marks, pieces, taken, leads, plane.area) ?? spots[i];
    }
  }
  return spots;
}

/** Points where a label may be: its own first, then others of its line. @param {any} note @param {Piece[]} pieces @param {Plane} plane */
function anchorsOf(note, pieces, plane) {
  const named = { x: plane.x(note.x), y: plane.y(note.y) };
  const own = pieces.filter(({ role }) => role === note.name).map(({ to }) => to).filter(({ x, y }) => x > plane.l && x < plane.l + plane.width - 1 && y > plane.t && y < plane.t + plane.height);
  const step = Math.max(1, Math.ceil(own.length / ELSEWHERE));
  return [named, ...own.filter((_, k) => k % step === 0)];
}

/**
 * @param {any} note @param {Point[]} anchors @param {Mark[]} marks @param {Piece[]} pieces @param {Box[]} taken
 * @param {{from: Point, to: Point}[]} leads @param {Box} area
 */
function best(note, anchors, marks, pieces, taken, leads, area) {
  const [w, h] = [wide(note.text), LINE];
  /** @type {Spot | null} */
  let found = null;
  anchors.forEach((at, k) => {
    // The point that is named comes first; another of its line costs as much as a label some way off.
    const apart = k ? 12 + 0.1 * Math.hypot(at.x - anchors[0].x, at.y - anchors[0].y) : 0;
    for (const far of RINGS) {
      if (found && far + apart >= found.cost) break;
      for (const way of WAYS) {
        const [x, y] = [at.x + Math.cos(way) * (far + w / 2), at.y - Math.sin(way) * (far + h / 2)];
        const box = { left: x - w / 2, right: x + w / 2, top: y - h / 2, bottom: y + h / 2 };
        if (box.left < area.left || box.right > area.right || box.top < area.top || box.bottom > area.bottom) continue;
        // Above rather than below, all else equal.
        let cost = far + apart + (Math.sin(way) < -0.01 ? 2 : 0) + (far >= LED ? 6 : 0);
        if (found && cost >= found.cost) continue;
        cost += covered(note.name, at, box, far, marks, pieces, taken, leads);
        if (!found || cost < found.cost) found = { at, box, far, cost };
      }
    }
  });
  return found;
}

/**
 * What a label there would cover, and whose it would look like.
 * @param {string} role @param {Point} at @param {Box} box @param {number} far @param {Mark[]} marks @param {Piece[]} pieces
 * @param {Box[]} taken @param {{from: Point, to: Point}[]} leads
 */
function covered(role, at, box, far, marks, pieces, taken, leads) {
  let cost = 0;
  const lead = far >= LED ? { from: at, to: middle(box) } : null;
  for (const other of taken) {
    if (box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom) cost += 2000;
    if (lead && crosses(lead, other)) cost += 800;
  }
  for (const each of leads) if (crosses(each, box)) cost += 800;
  let nearest = Infinity;
  for (const mark of marks) {
    const off = away(mark, box);
    if (off < mark.radius + 1) cost += 600;
    if (mark.role !== role) nearest = Math.min(nearest, off);
  }
  for (const piece of pieces) {
    if (lead && piece.role !== role && meet(lead, piece)) cost += 40;
    if (crosses(piece, box)) cost += piece.role === role ? 400 : 500;
    else if (piece.role !== role) nearest = Math.min(nearest, between(piece, box));
  }
  // A label with a line to its point is nobody else's.
  if (!lead && nearest <= far) cost += 90;
  return cost;
}

/** @param {Box} box @returns {Point} */
const middle = (box) => ({ x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 });

/** Distance of a point from a box. @param {Point} point @param {Box} box */
const away = ({ x, y }, box) => Math.hypot(Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom));

/** Distance of a piece of a line that does not enter a box from it. @param {Piece} piece @param {Box} box */
function between({ from, to }, box) {
  let least = Math.min(away(from, box), away(to, box));
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const long = dx * dx + dy * dy || 1;
  for (const x of [box.left, box.right]) {
    for (const y of [box.top, box.bottom]) {
      const part = Math.min(1, Math.max(0, ((x - from.x) * dx + (y - from.y) * dy) / long));
      least = Math.min(least, Math.hypot(from.x + part * dx - x, from.y + part * dy - y));
    }
  }
  return least;
}

/** Whether a piece of a line enters a box (Liang and Barsky 1984). @param {{from: Point, to: Point}} piece @param {Box} box */
function crosses({ from, to }, box) {
  let [enter, leave] = [0, 1];
  for (const [step, gap] of [[from.x - to.x, from.x - box.left], [to.x - from.x, box.right - from.x], [from.y - to.y, from.y - box.top], [to.y - from.y, box.bottom - from.y]]) {
    if (step === 0) {
      if (gap < 0) return false;
    } else if (step < 0) enter = Math.max(enter, gap / step);
    else leave = Math.min(leave, gap / step);
  }
  return enter <= leave;
}

/** Whether two pieces of lines cross. @param {{from: Point, to: Point}} one @param {{from: Point, to: Point}} other */
function meet(one, other) {
  const side = (/** @type {Point} */ a, /** @type {Point} */ b, /** @type {Point} */ c) => Math.sign((b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x));
  return side(one.from, one.to, other.from) !== side(one.from, one.to, other.to) && side(other.from, other.to, one.from) !== side(other.from, other.to, one.to);
}
