// What a browser keeps for us, where it lets us: storage may be full, damaged or switched off.

const place = (name) => {
  try {
    return window[name]; // throws where the browser forbids it
  } catch {
    return null;
  }
};

export const lasting = place("localStorage");
export const ofTab = place("sessionStorage");

export function read(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

export function write(storage, key, value) {
  try {
    if (value === null) storage.removeItem(key);
    else storage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // the deck says so
  }
}

export const readList = (storage, key) => {
  const found = read(storage, key);
  return Array.isArray(found) ? found : [];
};

export const keysOf = (storage) => {
  try {
    return Object.keys(storage);
  } catch {
    return [];
  }
};
