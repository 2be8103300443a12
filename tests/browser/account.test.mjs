// The own account, from the invitation to the day of leaving. The mail server is the test's own, and keeps what it gets.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { annals, browserTest, code, founder, look } from "./harness.mjs";

const letters = [];
let awaited;
const mail = createServer((socket) => {
  let letter;
  socket.write("220 mail\r\n");
  createInterface({ input: socket }).on("line", (line) => {
    if (letter !== undefined && line !== ".") return void (letter += `${line}\n`);
    if (letter !== undefined) {
      letters.push(letter.replace(/=\n/g, "").replaceAll("=3D", "="));
      letter = undefined;
      awaited?.();
    } else if (/^data/i.test(line)) {
      letter = "";
      return void socket.write("354 go on\r\n");
    }
    socket.write("250 mail\r\n");
  });
  socket.on("error", () => {}); // it is closed as the server likes
});
await new Promise((resolve) => mail.listen(0, "127.0.0.1", resolve));
after(() => mail.close());

const server = annals({
  init: true,
  args: ["--public-url", "http://annals.test", "--mail-from", "annals@example.com"],
  env: { ANNALS_SMTP: `smtp+plain://127.0.0.1:${mail.address().port}` },
});

/** The link in the next letter that has one at this path, as the server can be reached here. */
async function link(path) {
  for (;;) {
    while (letters.length === 0) await new Promise((resolve) => (awaited = resolve));
    const found = letters.shift().match(new RegExp(`http://annals\\.test(${path}\\S+)`));
    if (found) return (await server).url + found[1];
  }
}

async function signIn(page, { email, password }) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await Promise.all([page.waitForNavigation(), page.click("button:text-is('Sign in')")]);
}

const grace = { email: "grace@example.com", password: "a long walk by the sea" };
/** Grace in another browser. */
async function elsewhere(context) {
  const page = await (await context.browser().newContext()).newPage();
  await signIn(page, grace);
  return page;
}

browserTest("an invitation is sent again, and only the newer link is good", { allow: [/403/] }, async ({ page }) => {
  const { url } = await server;
  await signIn(page, founder);
  await page.goto(`${url}/settings/team`);
  await page.fill("#emails", grace.email);
  await page.selectOption("#workspace_role", "editor");
  await page.click("button:has-text('Invite')");
  const before = await link("/invitation");
  await page.click("[aria-label='Send again: the invitation to grace@example.com']");
  await page.waitForSelector("text=Recorded as Resent");
  assert.equal(await page.textContent("[data-label='Invited by']"), founder.name);
  const now = await link("/invitation");
  assert.notEqual(now, before);
  await page.click("[aria-label='Sign out']");
  await page.goto(before);
  assert.equal(await page.$("#name"), null, "the link before is dead");
  await page.goto(now);
  await page.fill("#name", "Grace Hopper");
  await page.fill("#password", grace.password);
  await page.click("button:has-text('Join')");
  await page.waitForURL(`${url}/sources`);
});

browserTest("sessions are listed, and ended one by one and all at once", async ({ page, context }) => {
  const { url } = await server;
  const others = [await elsewhere(context), await elsewhere(context), await elsewhere(context)];
  const open = async () => {
    let open = 0;
    for (const other of others) {
      await other.goto(`${url}/sources`);
      open += other.url() === `${url}/sources` ? 1 : 0;
    }
    return open;
  };
  await signIn(page, grace);
  await page.goto(`${url}/profile`);
  const end = page.locator("[aria-label^='End the session of']");
  const before = await end.count();
  await end.first().click();
  await page.waitForSelector("text=Recorded as");
  assert.equal(await end.count(), before - 1);
  assert.equal(await open(), 2);
  await page.click("button:has-text('End all others')");
  await page.waitForSelector("button:has-text('End all others')", { state: "detached" });
  assert.deepEqual([await end.count(), await open()], [0, 0]);
  assert.equal(await page.locator(".badge:has-text('This one')").count(), 1);
});

browserTest("a changed password ends the other sessions, and the one before opens nothing", { allow: [/401/] }, async ({ page, context }) => {
  const { url } = await server;
  const other = await elsewhere(context);
  await signIn(page, grace);
  await page.goto(`${url}/profile`);
  await page.fill("#old-password", grace.password);
  await page.fill("#new_password", "the tide comes in at nine");
  await page.click("button:text-is('Change')");
  await page.waitForSelector("text=Recorded as Changed Password");
  await other.goto(`${url}/sources`);
  assert.match(other.url(), /\/sign-in/);
  await page.click("[aria-label='Sign out']");
  await signIn(page, grace);
  assert.equal(page.url(), `${url}/sign-in`);
  grace.password = "the tide comes in at nine";
  await signIn(page, grace);
  assert.equal(page.url(), `${url}/sources`);
});

browserTest("another address is taken when the link in its letter is followed", async ({ page }) => {
  const { url } = await server;
  await signIn(page, grace);
  await page.goto(`${url}/profile`);
  await page.fill("#email", "hopper@example.com");
  await page.fill("#password", grace.password);
  await page.click("button:has-text('Send the link')");
  await page.waitForSelector("text=A letter is on its way to hopper@example.com");
  await page.goto(await link("/confirm-email"));
  await Promise.all([page.waitForNavigation(), page.click("button:text-is('Confirm')")]);
  grace.email = "hopper@example.com";
  await page.goto(`${url}/profile`);
  assert.match(await page.textContent(".lede"), /hopper@example\.com/);
});

browserTest("a member without the required second factor sets it up at the next sign-in, and leaves without a role", async ({ page }) => {
  const { url } = await server;
  const setUp = async (page, password) => {
    const seed = await page.textContent("#seed");
    await page.fill("#code", code(seed, -1));
    await page.fill("#password", password);
    await page.click("button:has-text('Turn on')");
    await page.click("text=I keep these codes");
    await page.waitForURL(/\/(profile|sources)$/);
    return seed;
  };
  await signIn(page, founder);
  await page.goto(`${url}/profile/app`);
  await setUp(page, founder.password);
  await page.goto(`${url}/settings/tokens`);
  await page.check("[name='requires_mfa']");
  await page.click("form:has([name='requires_mfa']) button");
  await page.waitForSelector("text=Recorded as Required MFA");
  await page.goto(`${url}/settings/team`);
  await page.waitForSelector("text=1 member has no second factor.");
  await look(page, "team-without-factor");
  await page.click("[aria-label='End sessions of Grace Hopper']");
  await page.waitForSelector("text=Ended.");
  await page.selectOption("[aria-label='Role of Grace Hopper in the workspace']", "none");
  await page.click("[aria-label='Save the roles of Grace Hopper']");
  await page.waitForSelector("text=Changed Permission");
  await page.click("[aria-label='Sign out']");

  await signIn(page, grace);
  assert.equal(page.url(), `${url}/profile/app`);
  await look(page, "profile-app-required");
  await page.click("button:has-text('Sign out')");
  await page.waitForURL(/\/sign-in/);
  await signIn(page, grace);
  await setUp(page, grace.password);
  await page.waitForSelector("text=No workspace is open to you.");
  await look(page, "profile-alone");
  await page.fill("#leave-1", founder.organization);
  await page.click("[aria-label='Leave Analytical Engines']");
  await page.waitForURL(/\/sign-in/);
  await page.goto(`${url}/sources`);
  assert.match(page.url(), /\/sign-in/);
});
