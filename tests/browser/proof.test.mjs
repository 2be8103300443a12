// The proof of an event in the browser: it holds, it fails at the step that was attacked, and it says when it cannot.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { annals, axe, browserTest, founder, run, screenshot } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page, base) {
  await page.goto(`${base}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${base}/sources`);
}

/** An event that is covered by a checkpoint: the address of its page, and its id. */
async function sealed(name) {
  const { api, ids } = await server;
  await api("POST", "/v2/sources", { token: ids.accessToken, body: { name, type: "HTTP" } });
  const { data } = await api("GET", "/v2/audit-logs?order=desc&per_page=1&action=created", { token: ids.serviceToken });
  const { id } = data[0];
  // The receipt waits for the checkpoint.
  await api("GET", `/v2/audit-logs/${id}/proof`, { token: ids.serviceToken });
  return { id, path: `/settings/audit-logs/${id}` };
}

const steps = (page) => page.$$eval("#proof [data-step]", (all) => all.map((step) => `${step.dataset.step} ${step.dataset.state}`));

async function verdict(page) {
  await page.waitForSelector("[data-verdict]:not([data-verdict=waits])");
  return page.getAttribute("[data-verdict]", "data-verdict");
}

for (const colorScheme of ["light", "dark"]) {
  browserTest(`the proof of an event holds, in ${colorScheme}`, { colorScheme, viewport: { width: colorScheme === "dark" ? 390 : 1440, height: 900 } }, async ({ page }) => {
    const { url } = await server;
    const { id, path } = await sealed(`Web app ${colorScheme}`);
    await signIn(page, url);
    await page.goto(url + path);
    assert.equal(await verdict(page), "holds");
    assert.deepEqual(await steps(page), ["leaf hold", "path hold", "sign hold", "parts hold", "since hold"]);
    assert.match(await page.textContent("[data-step=since]"), /first time/);
    assert.match(await page.textContent("#proof pre"), new RegExp(`annals verify ${id}\\.tlog-proof --key '.+\\+.+'`));
    await axe(page);
    await screenshot(page, `proof-${colorScheme}`);
    await page.reload();
    assert.equal(await verdict(page), "holds");
    assert.match(await page.textContent("[data-step=since]"), /seen before/);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download proof")]);
    assert.equal(download.suggestedFilename(), `${id}.tlog-proof`);
    assert.match(await readFile(await download.path(), "utf8"), /^c2sp\.org\/tlog-proof@v1\n/);
  });
}

/** Changes what the server answers to an address. */
async function tamper(page, pattern, change) {
  await page.route(pattern, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: change(await answer.body()) });
  });
}

const flip = (at) => (body) => ((body[at < 0 ? body.length + at : at] ^= 1), body);
const attacks = [
  ["a tile", "**/tile/0/**", (body) => flip(-1)(flip(40)(body)), /leaf fail|path fail/],
  ["the checkpoint's root", "**/checkpoint", (body) => body.toString().replace(/\n([A-Za-z0-9+/])(.{42}=)\n/, (_, one, rest) => `\n${one === "A" ? "B" : "A"}${rest}\n`), /path fail/],
  ["the checkpoint's signature", "**/checkpoint", (body) => body.toString().replace(/ ([\w+/]{20})([\w+/])([\w+/=]*)\n$/, (_, head, one, rest) => ` ${head}${one === "A" ? "B" : "A"}${rest}\n`), /sign fail/],
];
for (const [what, pattern, change, step] of attacks) {
  browserTest(`the proof fails where ${what} was changed`, async ({ page }) => {
    const { url } = await server;
    const { path } = await sealed(`Attack on ${what}`);
    await signIn(page, url);
    await tamper(page, pattern, change);
    await page.goto(url + path);
    assert.equal(await verdict(page), "fails");
    assert.match((await steps(page)).join(", "), step);
    await axe(page);
    await screenshot(page, `proof-fails-${step.source.split(" ")[0]}`);
  });
}

browserTest("the proof fails where the entry was changed", async ({ page }) => {
  const { url } = await server;
  const { path } = await sealed("Changed entry");
  await signIn(page, url);
  await tamper(page, "**/proof", (body) => {
    const lines = body.toString().split("\n");
    const extra = JSON.parse(Buffer.from(lines[1].slice(6), "base64"));
    extra.entry = extra.entry.replace('"action":"created"', '"action":"deleted"');
    lines[1] = `extra ${Buffer.from(JSON.stringify(extra)).toString("base64")}`;
    return lines.join("\n");
  });
  await page.goto(url + path);
  assert.equal(await verdict(page), "fails");
  assert.deepEqual((await steps(page))[0], "leaf fail");
});

browserTest("a log that was rewritten turns the badge red", async ({ page }) => {
  const { url } = await server;
  const { path } = await sealed("Rewritten");
  await signIn(page, url);
  await page.goto(url + path);
  assert.equal(await verdict(page), "holds");
  const log = await page.getAttribute("#proof", "data-log");
  const remember = (change) =>
    page.evaluate(([name, change]) => localStorage.setItem(name, JSON.stringify({ ...JSON.parse(localStorage.getItem(name)), ...change })), [`annals.log.${log}`, change]);
  for (const [change, said] of [
    [{ root: "00".repeat(32) }, /rewritten/],
    [{ size: 1_000_000 }, /cut or rewritten/],
    [{ vkey: "another+00000000+key", root: "00".repeat(32) }, /rewritten/],
  ]) {
    await page.evaluate((name) => localStorage.removeItem(name), `annals.log.${log}`);
    await page.reload();
    assert.equal(await verdict(page), "holds");
    await remember(change);
    await page.reload();
    assert.equal(await verdict(page), "fails");
    assert.match(await page.textContent("[data-step=since]"), said);
    assert.match(await page.getAttribute("[data-verdict]", "class"), /bad/);
    // What did not fit is not remembered in place of what was.
    const kept = await page.evaluate((name) => JSON.parse(localStorage.getItem(name)), `annals.log.${log}`);
    for (const [field, value] of Object.entries(change)) assert.equal(kept[field], value);
  }
});

for (const colorScheme of ["light", "dark"]) {
  browserTest(`another key is not called a forgery, and is taken once it was compared, in ${colorScheme}`, { colorScheme, viewport: { width: colorScheme === "dark" ? 390 : 1440, height: 900 } }, async ({ page }) => {
    const { url, folder } = await server;
    const { path } = await sealed(`Before the new key ${colorScheme}`);
    await signIn(page, url);
    await page.goto(url + path);
    assert.equal(await verdict(page), "holds");
    const log = await page.getAttribute("#proof", "data-log");
    const kept = () => page.evaluate((name) => JSON.parse(localStorage.getItem(name)), `annals.log.${log}`);
    const before = await kept();

    await run(["rotate-key", "--leaked", "--data", `${folder}/data`, "--keys", `${folder}/annals.keys`]);
    const { path: later } = await sealed(`After the new key ${colorScheme}`);
    await page.goto(url + later);
    assert.equal(await verdict(page), "changed");
    assert.equal(await page.getAttribute("[data-verdict]", "class"), "badge");
    assert.deepEqual(await steps(page), ["leaf hold", "path hold", "sign hold", "parts hold", "since skip"]);
    assert.match(await page.textContent("[data-step=since]"), /begins with the .* entries .* but key .* has not signed/);
    assert.deepEqual(await kept(), before, "nothing is taken over unasked");
    await axe(page);
    await screenshot(page, `proof-changed-${colorScheme}`);

    await page.click("button:has-text('I have compared this key')");
    assert.equal(await verdict(page), "holds");
    assert.ok(!(await page.isVisible("[data-changed]")));
    const now = await kept();
    assert.equal(now.vkey, await page.getAttribute("#proof", "data-vkey"));
    assert.ok(now.size > before.size);
    await page.reload();
    assert.equal(await verdict(page), "holds");
  });
}

/** A log of leaves, as a server could show it: every tile of it, and its root (RFC 6962). */
function logOf(leaves) {
  const sha = (...parts) => createHash("sha256").update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();
  const root = (all) => {
    if (all.length === 1) return all[0];
    let half = 1;
    while (half * 2 < all.length) half *= 2;
    return sha([1], root(all.slice(0, half)), root(all.slice(half)));
  };
  const tile = (level, index, width) =>
    Buffer.concat(Array.from({ length: width }, (_, at) => root(leaves.slice((index * 256 + at) * 256 ** level, (index * 256 + at + 1) * 256 ** level))));
  return { root: root(leaves), tile };
}

// The upper tiles are those of the rewritten log, the tile over the rewritten entry is the old one: each by itself fits.
browserTest("tiles of two histories do not pass for one log", async ({ page }) => {
  const { url } = await server;
  await signIn(page, url);
  const leaf = (text) => createHash("sha256").update(Buffer.concat([Buffer.from([0]), Buffer.from(text)])).digest();
  const honest = Array.from({ length: 600 }, (_, at) => leaf(`entry ${at}`));
  const evil = honest.map((hash, at) => (at === 299 ? leaf("rewritten") : hash));
  for (const [now, mixed, holds] of [[honest, false, true], [evil, false, false], [evil, true, false]]) {
    await page.route("**/logs/x/tile/**", async (route) => {
      const [, level, index, width] = route.request().url().match(/tile\/(\d+)\/(\d+)(?:\.p\/(\d+))?$/);
      const from = mixed && level === "0" && Number(index) === 1 ? honest : now;
      await route.fulfill({ contentType: "application/octet-stream", body: logOf(from).tile(Number(level), Number(index), Number(width ?? 256)) });
    });
    const old = logOf(honest.slice(0, 300)).root.toString("hex");
    const script = await readFile(new URL("../../crates/server/assets/proof.js", import.meta.url), "utf8");
    const said = await page.evaluate(
      async ([script, old, root]) => {
        const { Tree, since } = new Function(`${script}; return { Tree, since };`)();
        localStorage.setItem("annals.log.x", JSON.stringify({ vkey: "k", size: 300, root: old }));
        const bytes = Uint8Array.from(root.match(/../g), (pair) => parseInt(pair, 16));
        return since(new Tree("x", 600), { size: 600, root: bytes, lines: [] }, "x", "k", () => {}).then(() => "holds", (error) => error.message);
      },
      [script, old, logOf(now).root.toString("hex")],
    ).catch((error) => error.message);
    assert.equal(said === "holds", holds, said);
    await page.unroute("**/logs/x/tile/**");
  }
});

// Whoever is no administrator gets no tiles, so nothing says that the log has only grown.
browserTest("without the tiles a key that was compared is taken, and what was seen before stays remembered", async ({ page }) => {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  const script = await readFile(new URL("../../crates/server/assets/proof.js", import.meta.url), "utf8");
  const said = await page.evaluate(async (script) => {
    const { since } = new Function(`${script}; return { since };`)();
    const kept = () => JSON.parse(localStorage.getItem("annals.log.x"));
    const seen = { vkey: "old", size: 300, root: "aa".repeat(32) };
    localStorage.setItem("annals.log.x", JSON.stringify(seen));
    const compared = await since(null, { size: 600, root: new Uint8Array(32), lines: [] }, "x", "new", () => {});
    const before = kept();
    compared();
    return { seen, before, after: kept() };
  }, script);
  assert.deepEqual(said.before, said.seen);
  assert.deepEqual(said.after, { ...said.seen, vkey: "new" });
});

browserTest("a part that is missing is not called erased or withheld", async ({ page }) => {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  const script = await readFile(new URL("../../crates/server/assets/proof.js", import.meta.url), "utf8");
  const disclosure = JSON.stringify(["salt", "one", "target", { name: "Web app" }]);
  const commitment = createHash("sha256").update(`annals.part.v1\n${disclosure}`).digest("base64url");
  const entry = { id: "one", parts: { actor: "a", origin: "b", target: commitment }, changes: ["c"] };
  const said = await page.evaluate(
    async ([script, entry, disclosure]) => {
      const { parts } = new Function(`${script}; return { parts };`)();
      return [await parts(entry, [disclosure], "actor origin".split(" ")), await parts(entry, [disclosure], "".split(" "))];
    },
    [script, entry, disclosure],
  );
  assert.deepEqual(said, [
    "1 parts are as they were recorded; erased or withheld: changes/0; missing, and no entry erased it: actor, origin",
    "1 parts are as they were recorded; erased or withheld: actor, origin, changes/0",
  ]);
});

browserTest("without a secure connection the panel says so, and shows the command", { allow: [/Cross-Origin-Opener-Policy/] }, async ({ page }) => {
  const { url } = await server;
  const { path } = await sealed("Plain http");
  const base = url.replace("127.0.0.1", "annals.test");
  await signIn(page, base);
  await page.goto(base + path);
  assert.equal(await verdict(page), "cannot");
  assert.ok(await page.isVisible("text=This browser cannot check the proof here."));
  assert.ok(await page.isVisible("#proof pre"));
  assert.ok(!(await page.isVisible("#proof .checks")));
  await axe(page);
  await screenshot(page, "proof-cannot");
});

browserTest("the log is exported from its page", async ({ page }) => {
  const { url } = await server;
  await sealed("Export");
  await signIn(page, url);
  await page.goto(`${url}/settings/audit-logs?action=source.created`);
  await page.click("summary:has-text('Export')");
  await axe(page);
  await screenshot(page, "export-menu");
  const file = async (name) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`button:has-text("${name}")`)]);
    return readFile(await download.path());
  };
  const csv = (await file("as a table")).toString().trim().split("\r\n");
  assert.ok(csv.length > 1 && csv.slice(1).every((line) => line.includes(",created,source,")), csv.join("\n"));
  const rows = (await file("with proofs")).toString().trim().split("\n");
  assert.equal(JSON.parse(rows[0]).count, rows.length - 1);
  assert.deepEqual([...(await file("Everything")).subarray(0, 4)], [0x28, 0xb5, 0x2f, 0xfd]);
});

browserTest("a person is erased after a second look", async ({ page }) => {
  const { url, folder } = await server;
  const places = ["--data", `${folder}/data`, "--keys", `${folder}/annals.keys`];
  await run(["member", "add", ...places, "--email", "tomas@example.com", "--name", "Tomas Brightwater", "--role", "editor", "--password-stdin"], { input: "a password that is long enough\n" });
  await signIn(page, url);
  await page.goto(`${url}/settings/team`);
  await page.click("[aria-label='Erase Tomas Brightwater']");
  await page.waitForSelector("h1:has-text('Erase Tomas Brightwater?')");
  await axe(page);
  await screenshot(page, "erase");
  await page.fill("#confirm", "someone@example.com");
  assert.ok(await page.$eval("#confirm", (input) => !input.validity.valid), "another e-mail is not taken");
  await page.fill("#confirm", "tomas@example.com");
  await page.click("button:has-text('Erase')");
  await page.waitForURL(`${url}/settings/team`);
  assert.match(await page.textContent("main"), /Erased/);
  assert.doesNotMatch(await page.textContent("main table"), /Tomas/);
  await page.goto(`${url}/settings/audit-logs?type=team`);
  assert.doesNotMatch(await page.textContent("main table"), /Tomas/);
  assert.match(await page.textContent("main table"), /Erased person/);
});
