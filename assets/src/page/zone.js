// The time zone of whoever looks: the one a new schedule begins with, and the one times are told in beside the
// schedule's own.
import { CHANGED } from "./fresh.js";

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** How a clock in a zone is read; without one, the viewer's. */
export function clockIn(timeZone) {
  return new Intl.DateTimeFormat("en-GB", {
    weekday: "short",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZone,
  });
}

const CLOCK = clockIn(HERE);

/** Fields with `data-zone-here` take the viewer's zone; they are for the untouched beginning of a form only. */
export function fillZone() {
  if (!HERE) return;
  for (const field of document.querySelectorAll("input[data-zone-here]")) field.value = HERE;
}

/** `<time datetime="…" data-here>` shows the time in the viewer's zone, `<span data-zone-name>` which that is. */
export function tellTimesHere() {
  tell();
  document.addEventListener(CHANGED, tell);
}

function tell() {
  for (const element of document.querySelectorAll("time[data-here]")) {
    const time = new Date(element.dateTime);
    if (!Number.isNaN(time.valueOf())) element.textContent = here(time);
  }
  if (!HERE) return;
  for (const table of document.querySelectorAll("table[data-zone]")) {
    table.classList.toggle("same", table.dataset.zone === HERE);
  }
  for (const element of document.querySelectorAll("[data-zone-name]")) element.textContent = `Here, ${HERE}`;
}

/**
 * `Mon 2026-11-23 09:00`, with seconds where they are not zero: as the server writes it in the schedule's zone.
 * @param {Date} time
 */
export function here(time, clock = CLOCK) {
  const { weekday, year, month, day, hour, minute, second } = Object.fromEntries(
    clock.formatToParts(time).map(({ type, value }) => [type, value]),
  );
  return `${weekday} ${year}-${month}-${day} ${hour}:${minute}${second === "00" ? "" : `:${second}`}`;
}
