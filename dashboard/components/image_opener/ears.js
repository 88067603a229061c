// Runs once in each load of the page, with its first elements: hears clicks on cards [data-image] and the keys of the
// large view. The component in image_opener.js, which can tell Python, comes later, goes and comes back with the pages;
// and the view itself is away while it is drawn anew. No gesture of that time may be lost:
// - the newest one waits until there is a component to tell, and a server;
// - steps are counted from where the last step leads, not from what is drawn, and are told as a place in the list;
// - steps taken while the view asked for is not there yet follow when it is.
(() => {
  if (window.lookalikeEars) return;

  const INPUTS = "input, textarea, select, [contenteditable], [role=tab], [role=slider], [role=radio]";
  const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
  const PATIENCE = 10000; // milliseconds after which a view is no longer waited for
  const AGAIN = 200; // milliseconds between two looks for the server
  const DEAF = 3000; // milliseconds after which a server that came back and shows no view does not know this page

  let tell = null; // the component's way to Python
  let waiting = null; // { found, page }: the newest gesture, while there is none
  let later = 0;
  let wasAway = false; // the server, and it has not shown a view since
  let gestures = 0;
  let goal = null; // { among, place, first, last, until }: where the steps of this moment lead
  let opening = null; // { row, until }: the card clicked last, until its view is there
  let early = 0; // steps to take when the view is there
  let leaving = false; // whether to close it then
  let watcher = null;

  const isFresh = (thing) => Boolean(thing) && thing.until > performance.now();
  const until = () => performance.now() + PATIENCE;
  const covers = () => document.querySelector("[role=dialog] .la-view");
  const linked = () => new URLSearchParams(location.search).get("image");
  const isAsked = () => linked() !== null || isFresh(opening);

  const isConnected = () => document.querySelector("[data-testid=stApp][data-test-connection-state=CONNECTED]");

  // `address`: where a link leads that asks for the same
  function send(found, address) {
    waiting = { found, page: location.pathname };
    if (wasAway && address) setTimeout(insist, DEAF, address, gestures);
    pass();
  }

  function pass() {
    clearTimeout(later);
    if (!waiting || !tell) return;
    const { found, page } = waiting;
    if (page === location.pathname && !isConnected()) {
      later = setTimeout(pass, AGAIN);
      return;
    }
    waiting = null;
    if (page !== location.pathname) return;
    tell(found);
  }

  // a server that was started again runs no part of a page that it never saw: the page is to be loaded anew
  function insist(address, gesture) {
    if (gesture !== gestures) return;
    if (!isConnected()) setTimeout(insist, DEAF, address, gesture);
    else if (covers()?.dataset.id === new URL(address).searchParams.get("image")) wasAway = false;
    else location.assign(address);
  }

  function forget() {
    gestures += 1;
    goal = null;
    early = 0;
    leaving = false;
    watcher?.disconnect();
    watcher = null;
  }

  new MutationObserver(() => {
    const is = document.querySelector("[data-testid=stApp]")?.dataset.testConnectionState;
    if (is && is !== "CONNECTED") wasAway = true;
  }).observe(document.documentElement, { attributeFilter: ["data-test-connection-state"], subtree: true });

  // the view that the address asks for, and its list or null; undefined while it is not there
  function shown() {
    const view = covers();
    if (!view || view.dataset.id !== linked()) return undefined;
    if (isFresh(opening) && opening.row !== Number(view.dataset.image)) return undefined;
    opening = null;
    const { among, place, first, last } = document.querySelector("[role=dialog] .la-step")?.dataset ?? {};
    return among === undefined ? null : { among, place: Number(place), first: Number(first), last: Number(last) };
  }

  function step(by) {
    const from = isFresh(goal) ? goal : shown();
    if (from === undefined) {
      early += by;
      watch();
    } else if (from) {
      const place = Math.min(from.last, Math.max(from.first, from.place + by));
      if (place === from.place) return;
      goal = { ...from, place, until: until() };
      gestures += 1;
      const link = document.querySelector(`[role=dialog] a[data-step=${by > 0 ? "next" : "previous"}]`);
      send({ among: goal.among, place, inside: true }, link?.href);
    }
  }

  function watch() {
    if (watcher) return;
    const end = until();
    watcher = new MutationObserver(() => {
      const isOver = !isAsked() || performance.now() > end;
      if (!isOver && shown() === undefined) return;
      const [by, isLeft] = [early, leaving];
      forget();
      if (isOver) return;
      if (isLeft) document.querySelector("[role=dialog] button[aria-label=Close]")?.click();
      else if (by) step(by);
    });
    watcher.observe(document.body, { childList: true, subtree: true, attributeFilter: ["data-id"] });
  }

  const isPlain = (event) => !(event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

  // Anything but a plain click is left to the browser: the card is a link to the same view.
  document.addEventListener("click", (event) => {
    const path = event.composedPath().filter((node) => node instanceof Element);
    const found = path.find((node) => node.matches("a[data-image]"));
    if (!found || !isPlain(event)) {
      forget();
      return;
    }
    event.preventDefault();
    if (found.dataset.step) {
      step(found.dataset.step === "next" ? 1 : -1);
      return;
    }
    forget();
    opening = { row: Number(found.dataset.image), until: until() };
    send({ row: opening.row, among: found.dataset.among ?? "", inside: Boolean(covers()) }, found.href);
  });

  document.addEventListener("keydown", (event) => {
    if (!isPlain(event) || event.repeat || !isAsked()) return;
    const by = STEPS[event.key];
    if (by && !event.target.closest?.(INPUTS)) step(by);
    if (event.key !== "Escape") return;
    forget();
    if (shown() !== undefined) return; // it closes by itself
    leaving = true;
    watch();
  });

  window.addEventListener("popstate", () => {
    forget();
    opening = null;
  });

  window.lookalikeEars = {
    attach(way) {
      tell = way;
      pass();
    },
    detach(way) {
      if (tell === way) tell = null;
    },
  };
})();
