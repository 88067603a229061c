// Sending to our own routes. An error carries what to tell; `gone`: this page's server is not there any more.

const KEEPALIVE = 60_000; // bytes; a browser lets 64 KiB outlive a page and refuses to send more that way

export const bytes = (text) => new TextEncoder().encode(text).length;

export async function post(url, token, body) {
  const text = JSON.stringify(body);
  let answer;
  try {
    answer = await fetch(url, {
      method: "POST",
      keepalive: bytes(text) <= KEEPALIVE,
      headers: { "content-type": "application/json", "x-lookalike-token": token },
      body: text,
    });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const error = new Error(said.error ?? `The server answered ${answer.status}.`);
  error.gone = answer.status === 401 || answer.status === 404;
  throw error;
}
