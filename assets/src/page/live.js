// Keeps a page up to date: on each server-sent event its `data-live` parts are fetched again. What no event tells of
// (`data-every="5"`) is fetched again after so many seconds.
import { fetchPage, takeOver } from "./fresh.js";

/** The least time between two fetches, in milliseconds. */
const PAUSE = 150;
/** How often a page without a stream looks, in milliseconds. Hidden pages give theirs back: browsers allow few per host. */
const WITHOUT = 15_000;

export function followEvents() {
  const timed = document.querySelector("[data-every]");
  if (timed) setInterval(() => lookAgain(timed), Number(timed.dataset.every) * 1000);
  const element = document.querySelector("[data-events]");
  if (!element) return;
  const refresh = oneAtATime(async () => {
    const address = element.dataset.fragment || location.href;
    const page = await fetchPage(address);
    if (!page) return;
    // Another part of it has been chosen meanwhile: this one is no longer looked at.
    if (address !== (element.dataset.fragment || location.href)) return void refresh();
    takeOver(page, "[data-live][id]");
    // A run that has ended sends no more events: its page no longer asks for them.
    if (!element.isConnected || !element.hasAttribute("data-events")) stop();
  });

  let source = null;
  let timer = 0;

  function listen() {
    source = new EventSource(element.dataset.events);
    // What happened before the connection stood is caught up with.
    source.onopen = refresh;
    source.onmessage = refresh;
    // Refused for good: nothing will change any more, which one look shows, or there are too many streams.
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return;
      refresh();
      timer = setInterval(refresh, WITHOUT);
    };
  }

  function stop() {
    source?.close();
    source = null;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", followVisibility);
  }

  function followVisibility() {
    clearInterval(timer);
    if (document.hidden) {
      source?.close();
      source = null;
      timer = setInterval(refresh, WITHOUT);
    } else if (!source) {
      listen();
    }
  }

  document.addEventListener("visibilitychange", followVisibility);
  addEventListener("pagehide", () => source?.close());
  followVisibility();
}

async function lookAgain(element) {
  if (document.hidden) return;
  // Without a connection the next time will do.
  const page = await fetchPage(location.href).catch(() => null);
  if (page) takeOver(page, `#${element.id}`);
}

/** Calls that come while one is under way become one more call after it. */
function oneAtATime(work) {
  let running = false;
  let again = false;
  return async function call() {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      // Without a connection there is nothing to do: the event source comes back by itself and asks again.
      await work().catch(() => {});
      await new Promise((done) => setTimeout(done, PAUSE));
    }
    running = false;
  };
}
