// The proof of one event, computed again in this browser: from the entry's bytes over the log's tiles to the root that the
// checkpoint signs (RFC 6962, C2SP tlog-tiles, signed-note). The server's word is not taken for any of it.
"use strict";

/** What a step found out that must not be. */
class Broken extends Error {}

async function check(panel) {
  const { log, origin, vkey, event, entry } = panel.dataset;
  const told = (name, state, text) => {
    const step = panel.querySelector(`[data-step="${name}"]`);
    step.dataset.state = state;
    step.querySelector("use").setAttribute("href", { hold: "#i-check", fail: "#i-x", skip: "#i-info" }[state]);
    step.querySelector(".sub").textContent = text;
  };
  const badge = panel.querySelector("[data-verdict]");
  const verdict = (state, words) => {
    badge.dataset.verdict = state;
    badge.className = { holds: "badge badge--ok", fails: "badge badge--bad" }[state] ?? "badge";
    badge.textContent = words;
  };

  const key = await publicKey(vkey).catch(() => null);
  if (!key) {
    panel.querySelector("[data-cannot]").hidden = false;
    panel.querySelector(".checks").hidden = true;
    return verdict("cannot", "This browser cannot check");
  }

  let step = "leaf";
  try {
    const receipt = parseReceipt(await text(panel.dataset.receipt));
    const index = Number(entry);
    if (receipt.index !== index) throw new Broken("The server gave the proof of another entry.");
    const bytes = new TextEncoder().encode(receipt.extra.entry);
    const said = json(receipt.extra.entry);
    if (said.id !== event || said.sequence !== index) throw new Broken("The entry is that of another event.");
    const leaf = await hash(0, bytes);

    // Tiles are for administrators of the organization; for others the receipt brings the path.
    const whole = panel.dataset.whole === "true";
    const note = parseNote(whole ? await text(`/logs/${log}/checkpoint`) : receipt.checkpoint);
    const tree = whole ? new Tree(log, note.size) : null;
    if (index >= note.size) throw new Broken("The checkpoint does not cover this entry.");
    if (tree && !same(await tree.node(0, index), leaf)) throw new Broken("The tile over the entry has another hash.");
    told("leaf", "hold", `SHA-256 ${hex(leaf)}`);

    step = "path";
    const path = tree ? await tree.inclusion(index) : receipt.path;
    if (!same(await climb(leaf, index, note.size, path), note.root)) throw new Broken("The hashes do not lead to the root of the checkpoint.");
    const from = tree ? "the log's tiles" : "the receipt";
    told("path", "hold", `${path.length} hashes from ${from} lead to the root of ${number(note.size)} entries`);

    step = "sign";
    if (note.origin !== origin) throw new Broken("The checkpoint is of another log.");
    await signed(note, vkey, key);
    told("sign", "hold", `Key ${vkey.split("+")[1]}, Ed25519`);

    step = "parts";
    told("parts", "hold", await parts(said, receipt.extra.disclosures, panel.dataset.missing.split(" ")));

    step = "since";
    const compared = await since(tree, note, log, vkey, told);
    if (!compared) return verdict("holds", "The proof holds");
    const changed = panel.querySelector("[data-changed]");
    changed.hidden = false;
    changed.querySelector("button").addEventListener("click", () => {
      changed.hidden = true;
      compared();
      verdict("holds", "The proof holds");
    });
    verdict("changed", "The key was changed");
  } catch (error) {
    const known = error instanceof Broken;
    told(step, "fail", known ? error.message : `It could not be checked: ${error.message}`);
    verdict("fails", known ? "The proof does not hold" : "Not checked");
    if (!known) badge.className = "badge";
  }
}

// ---- bytes

const number = (value) => value.toLocaleString("en-GB");
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
function base64(text) {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    throw new Broken("What the server gave is not in its form.");
  }
}

function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Broken("What the server gave is not in its form.");
  }
}

const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function join(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
/** RFC 6962, section 2.1: 0 for a leaf, 1 for a node. */
const hash = (prefix, ...parts) => sha256(join(new Uint8Array([prefix]), ...parts));

async function text(address) {
  const answer = await fetch(address, { cache: "no-store", credentials: "same-origin", headers: { accept: "text/plain" } });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  return answer.text();
}

// ---- notes and receipts

/** Only a browser that can do it all gets a key here. */
async function publicKey(vkey) {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) throw new Error("no secure context");
  const [, , ...rest] = vkey.split("+"); // base64 may hold a + of its own
  const bytes = base64(rest.join("+"));
  if (bytes.length !== 33 || bytes[0] !== 1) throw new Error("not an Ed25519 key");
  const raw = bytes.slice(1);
  const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  return { key, raw };
}

function parseNote(note) {
  const at = note.lastIndexOf("\n\n");
  const body = note.slice(0, at + 1);
  const [origin, size, root] = body.split("\n");
  if (at < 0 || !/^(0|[1-9][0-9]*)$/.test(size) || !Number.isSafeInteger(Number(size))) throw new Broken("The checkpoint cannot be read.");
  return { body, origin, size: Number(size), root: base64(root), lines: note.slice(at + 2).split("\n") };
}

async function signed(note, vkey, { key, raw }) {
  const [origin, keyId] = vkey.split("+");
  const id = (await sha256(join(new TextEncoder().encode(`${origin}\n`), new Uint8Array([1]), raw))).slice(0, 4);
  if (hex(id) !== keyId) throw new Broken("The key does not belong to its name.");
  for (const line of note.lines) {
    if (!line.startsWith(`— ${origin} `)) continue;
    const bytes = base64(line.slice(line.lastIndexOf(" ") + 1));
    if (!same(bytes.slice(0, 4), id)) continue;
    const body = new TextEncoder().encode(note.body);
    if (await crypto.subtle.verify("Ed25519", key, bytes.slice(4), body)) return;
    throw new Broken("The signature does not belong to the checkpoint.");
  }
  throw new Broken("The log's key has not signed the checkpoint.");
}

function parseReceipt(file) {
  const at = file.indexOf("\n\n");
  const [header, extra = "", index = "", ...path] = file.slice(0, at).split("\n");
  if (header !== "c2sp.org/tlog-proof@v1" || !extra.startsWith("extra ") || !index.startsWith("index ")) throw new Broken("The receipt cannot be read.");
  const opened = json(new TextDecoder().decode(base64(extra.slice(6))));
  if (typeof opened?.entry !== "string" || !Array.isArray(opened.disclosures)) throw new Broken("The receipt does not bring its entry.");
  return { extra: opened, index: Number(index.slice(6)), path: path.map(base64), checkpoint: file.slice(at + 2) };
}

// ---- the tree

const half = (length) => 2 ** Math.ceil(Math.log2(length) - 1);

/** The root that a path leads to, from the leaf up (RFC 6962, section 2.1.1). */
async function climb(leaf, index, size, path) {
  const sides = [];
  for (let start = 0, end = size; end - start > 1; ) {
    const middle = start + half(end - start);
    sides.push(index < middle ? "right" : "left");
    if (index < middle) end = middle;
    else start = middle;
  }
  sides.reverse();
  if (sides.length !== path.length) throw new Broken("The path has another length than it must have.");
  let at = leaf;
  for (const [level, side] of sides.entries()) at = side === "right" ? await hash(1, at, path[level]) : await hash(1, path[level], at);
  return at;
}

/** The hashes of a log of some size, from its tiles. */
class Tree {
  constructor(log, size) {
    this.log = log;
    this.size = size;
    this.tiles = new Map();
  }

  async tile(level, index) {
    const width = Math.min(256, Math.floor(this.size / 256 ** level) - index * 256);
    const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, "0").match(/.../g);
    const path = digits.map((group, at) => (at + 1 < digits.length ? `x${group}` : group)).join("/");
    const address = `/logs/${this.log}/tile/${level}/${path}${width < 256 ? `.p/${width}` : ""}`;
    if (!this.tiles.has(address)) {
      const answer = await fetch(address, { credentials: "same-origin" });
      if (answer.status === 404) throw new Broken("A tile that the checkpoint covers is missing.");
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      if (bytes.length !== width * 32) throw new Broken("A tile does not have the hashes that it must have.");
      this.tiles.set(address, bytes);
    }
    return this.tiles.get(address);
  }

  /** The root of the perfect subtree at a level. */
  async node(level, index) {
    const below = level % 8;
    const first = index * 2 ** below;
    const bytes = await this.tile(Math.floor(level / 8), Math.floor(first / 256));
    let row = [];
    for (let at = 0; at < 2 ** below; at += 1) row.push(bytes.slice(((first % 256) + at) * 32, ((first % 256) + at + 1) * 32));
    while (row.length > 1) {
      const next = [];
      for (let at = 0; at < row.length; at += 2) next.push(await hash(1, row[at], row[at + 1]));
      row = next;
    }
    return row[0];
  }

  /** The root of the entries from start up to end, as the recursion of RFC 6962, section 2.1, meets them. */
  async range(start, end) {
    const length = end - start;
    const level = Math.log2(length);
    if (Number.isInteger(level)) return this.node(level, start / length);
    const middle = start + half(length);
    return hash(1, await this.range(start, middle), await this.range(middle, end));
  }

  /**
   * The roots of the first `old` entries and of all `size` entries from `start` on, both out of the same hashes: only so
   * do they show that the one grew into the other (RFC 6962, section 2.1.2). `old` is at least 1.
   */
  async grown(start, old, size) {
    if (old === size) {
      const root = await this.range(start, start + size);
      return [root, root];
    }
    const left = half(size);
    if (old <= left) {
      const [before, now] = await this.grown(start, old, left);
      return [before, await hash(1, now, await this.range(start + left, start + size))];
    }
    const shared = await this.range(start, start + left);
    const [before, now] = await this.grown(start + left, old - left, size - left);
    return [await hash(1, shared, before), await hash(1, shared, now)];
  }

  async inclusion(index) {
    const siblings = [];
    for (let start = 0, end = this.size; end - start > 1; ) {
      const middle = start + half(end - start);
      siblings.push(index < middle ? [middle, end] : [start, middle]);
      if (index < middle) end = middle;
      else start = middle;
    }
    const path = [];
    for (const [start, end] of siblings.reverse()) path.push(await this.range(start, end));
    return path;
  }
}

// ---- what was disclosed, and what was seen before

/** `missing` are the parts of which the server itself says that they are gone although no entry erases them. */
async function parts(entry, disclosures, missing) {
  const wanted = new Map(Object.entries(entry.parts));
  (entry.changes ?? []).forEach((commitment, at) => wanted.set(`changes/${at}`, commitment));
  const opened = new Set();
  for (const disclosure of disclosures) {
    const [, id, part] = json(disclosure);
    const commitment = base64url(await sha256(new TextEncoder().encode(`annals.part.v1\n${disclosure}`)));
    if (id !== entry.id || wanted.get(part) !== commitment) throw new Broken(`Part ${part} is not what was recorded.`);
    opened.add(part);
  }
  const gone = [...wanted.keys()].filter((part) => !opened.has(part));
  const listed = (words, some) => (some.length > 0 ? `; ${words}: ${some.join(", ")}` : "");
  const erased = listed("erased or withheld", gone.filter((part) => !missing.includes(part)));
  const lost = listed("missing, and no entry erased it", gone.filter((part) => missing.includes(part)));
  return `${opened.size} parts are as they were recorded${erased}${lost}`;
}

/**
 * Compares with the newest checkpoint of this log that this browser has seen, under the key that it was seen under. Where the
 * key is another and nothing says that it is the same log's, it gives what to do once a person has compared the key.
 */
async function since(tree, note, log, vkey, told) {
  const name = `annals.log.${log}`;
  const before = JSON.parse(localStorage.getItem(name) ?? "null");
  const keep = (size, root) => localStorage.setItem(name, JSON.stringify({ vkey, size, root }));
  const now = { size: note.size, root: hex(note.root) };
  if (!before) {
    keep(now.size, now.root);
    return told("since", "hold", `Seen for the first time, and remembered: ${number(now.size)} entries`);
  }
  if (before.size > now.size) throw new Broken(`This browser has seen ${number(before.size)} entries, and now there are ${number(now.size)}: the log was cut or rewritten.`);
  const rewritten = "The log was rewritten since this browser has last seen it.";
  if (before.size === now.size && before.root !== now.root) throw new Broken(rewritten);
  if (tree) {
    const [old, root] = await tree.grown(0, before.size, now.size);
    if (hex(old) !== before.root || hex(root) !== now.root) throw new Broken(rewritten);
  }
  const grown = `It begins with the ${number(before.size)} entries that this browser has seen before`;
  const [state, words] = tree ? ["hold", grown] : ["skip", "Only an administrator's browser gets the tiles that this takes"];
  // Without the tiles nothing says that the log has only grown, so what was seen before stays what is remembered.
  const remember = () => (tree ? keep(now.size, now.root) : keep(before.size, before.root));
  if (before.vkey !== vkey && !(await vouched(before.vkey, note))) {
    told("since", "skip", `${tree ? grown : "It has not fewer entries than before"}, but key ${before.vkey.split("+")[1]}, which signed those, has not signed this checkpoint`);
    return () => {
      remember();
      told("since", state, words);
    };
  }
  if (tree || before.vkey !== vkey) remember();
  told("since", state, words);
}

/** After a planned change of the key the one before signs as well for a while, and so says that this is the same log. */
async function vouched(before, note) {
  const key = await publicKey(before).catch(() => null);
  return key && signed(note, before, key).then(() => true, () => false);
}

const panel = document.querySelector("#proof[data-log]");
if (panel) check(panel);
