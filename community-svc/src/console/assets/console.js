// What the console does beyond plain pages: it keeps the feed and the overview fresh.
// Without it every page still works when it is loaded again.
"use strict";

const MOST_ROWS = 200;
const REFRESH = 5000;
const AGAIN = 3000;
const QUIET = 4000;

/** Loads the page anew when the session has ended: that leads to signing in. */
async function stillSignedIn() {
  try {
    const answer = await fetch("/console/overview", { method: "HEAD" });
    if (answer.status === 401) location.reload();
  } catch {
    // The service is away; whoever asked tries again.
  }
}

function fragment(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  return template.content;
}

function follow(box) {
  const rows = document.querySelector("[data-rows]");
  const none = document.querySelector("[data-none]");
  const status = box.querySelector("[data-status]");
  const pause = box.querySelector("[data-pause]");
  let source = null;
  let isPaused = false;
  let fresh = 0;
  let timer = null;

  const say = (text, state) => {
    if (status.textContent !== text) status.textContent = text;
    box.dataset.state = state;
  };

  // Told together and not one by one: a screen reader would never end.
  const count = () => {
    fresh += 1;
    timer ??= setTimeout(() => {
      say(`Live. ${fresh} new webhook${fresh === 1 ? "" : "s"}.`, "live");
      fresh = 0;
      timer = null;
    }, QUIET);
  };

  const rowOf = (id) => [...rows.children].find((row) => row.dataset.event === id);

  const changeState = (row, badge) => {
    const place = row.querySelector("[data-state]");
    if (place.innerHTML !== badge) place.innerHTML = badge;
  };

  const take = (text) => {
    const row = fragment(text).querySelector("[data-event]");
    const known = rowOf(row.dataset.event);
    if (known) {
      changeState(known, row.querySelector("[data-state]").innerHTML);
      return false;
    }
    row.classList.add("new");
    // What is being read stays where it is on the screen.
    const before = rows.getBoundingClientRect().bottom;
    rows.prepend(row);
    if (rows.contains(document.activeElement) || scrollY > rows.offsetTop) {
      scrollBy(0, rows.getBoundingClientRect().bottom - before);
    }
    while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
    none.hidden = true;
    return true;
  };

  const open = () => {
    let isLive = false;
    source = new EventSource(box.dataset.feed);
    source.addEventListener("row", (event) => {
      if (take(event.data) && isLive) count();
    });
    source.addEventListener("state", (event) => {
      const [id, ...badge] = event.data.split("\n");
      const row = rowOf(id);
      if (row) changeState(row, badge.join("\n"));
    });
    source.addEventListener("live", () => {
      isLive = true;
      if (!timer) say("Live.", "live");
    });
    source.addEventListener("trouble", (event) => say(event.data, "away"));
    source.addEventListener("error", () => {
      // The feed ends now and then and the browser opens the next by itself; only one
      // that was refused is left to us.
      if (source.readyState !== EventSource.CLOSED) return;
      say("The service does not answer; trying again.", "away");
      setTimeout(async () => {
        await stillSignedIn();
        if (!isPaused) open();
      }, AGAIN);
    });
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    if (isPaused) {
      source.close();
      say("Paused.", "paused");
    } else {
      say("Connecting.", "away");
      open();
    }
  });
  // A page that is left must not keep its place among those who watch.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted && !isPaused) open();
  });
  say("Connecting.", "away");
  open();
}

function keepFresh(box) {
  const isBeingRead = () =>
    document.hidden ||
    box.contains(document.activeElement) ||
    box.querySelector("details[open]") !== null;

  const refresh = async () => {
    if (isBeingRead()) return;
    try {
      const answer = await fetch(box.dataset.refresh);
      if (answer.status === 401) location.reload();
      if (answer.ok) {
        const text = await answer.text();
        if (!isBeingRead()) box.replaceChildren(fragment(text));
      }
      box.classList.toggle("stale", !answer.ok);
    } catch {
      box.classList.add("stale");
    }
  };
  setInterval(refresh, REFRESH);
}

function chooseAll(button) {
  const boxes = [...button.form.querySelectorAll("input[type=checkbox]")];
  button.hidden = false;
  button.addEventListener("click", () => {
    const isOn = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = isOn;
    button.textContent = isOn ? "Choose none" : "Choose all";
  });
}

for (const box of document.querySelectorAll("[data-feed]")) follow(box);
for (const box of document.querySelectorAll("[data-refresh]")) keepFresh(box);
for (const button of document.querySelectorAll("[data-choose-all]")) chooseAll(button);
