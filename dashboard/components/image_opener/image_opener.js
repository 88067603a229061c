// Tells Python what ears.js has heard: which image to show large, and in which list it stands.

const SOON = 20; // milliseconds; on a slow machine this may come before ears.js

export default function ({ parentElement, setTriggerValue }) {
  const opener = (parentElement.opener ??= { tell: (found) => opener.send(found) });
  opener.send = (found) => setTriggerValue("opened", found);
  const attach = () => {
    if (window.lookalikeEars) window.lookalikeEars.attach(opener.tell);
    else opener.later = setTimeout(attach, SOON);
  };
  clearTimeout(opener.later);
  attach();
  return () => {
    clearTimeout(opener.later);
    window.lookalikeEars?.detach(opener.tell);
  };
}
