// `<time datetime="…">` shows how long ago, or how soon, and the exact time on hover.
import { CHANGED } from "./fresh.js";

const exact = new Intl.DateTimeFormat("en-CA", {
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
  timeZoneName: "short",
});

export function tellTimes() {
  tell();
  setInterval(tell, 1000);
  document.addEventListener(CHANGED, tell);
}

function tell() {
  const now = Date.now();
  for (const element of document.querySelectorAll("time[datetime]:not([data-exact])")) {
    const time = Date.parse(element.dateTime);
    if (Number.isNaN(time)) continue;
    const text = relative(time - now);
    if (text && element.textContent !== text) element.textContent = text;
    if (!element.title) element.title = exact.format(time).replace(",", "");
  }
}

/**
 * `just now`, `3 min ago`, `in 2 h`, `2 days ago`: never more than has passed, whole units only, the words of the server.
 * @param {number} distance  milliseconds; negative in the past
 * @returns {string | null}  null from a month on, where the date that the server wrote says more
 */
export function relative(distance) {
  const seconds = Math.floor(Math.abs(distance) / 1000);
  if (seconds < 5) return distance > 0 ? "now" : "just now";
  const days = Math.floor(seconds / 86400);
  if (days >= 30) return null;
  const text =
    seconds < 60 ? `${seconds} s`
    : seconds < 3600 ? `${Math.floor(seconds / 60)} min`
    : seconds < 86400 ? `${Math.floor(seconds / 3600)} h`
    : days === 1 ? "1 day"
    : `${days} days`;
  return distance > 0 ? `in ${text}` : `${text} ago`;
}
