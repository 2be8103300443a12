// The team, the own account and the second factor, as people do it in a browser.

import assert from "node:assert/strict";
import { annals, browserTest, code, founder, look } from "./harness.mjs";

const server = annals({ init: true });

async function signIn(page, { email = founder.email, password = founder.password } = {}) {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.fill("#email", email);
  await page.fill("#password", password);
  await page.click("button:has-text('Sign in')");
}

let link;

browserTest("an administrator invites people and hands the links over", async ({ page }) => {
  await signIn(page);
  await page.goto(`${(await server).url}/settings/team`);
  await page.fill("#emails", "grace@example.com, edsger@example.com");
  await page.selectOption("#workspace_role", "editor");
  await page.click("button:has-text('Invite')");
  await page.waitForSelector("h2:has-text('Links to hand over')");
  link = await page.textContent("#link-1");
  assert.match(link, /\/invitation\?token=annals_lnk_/);
  await page.click("summary:has-text('Who may do what')");
  await look(page, "team");
  await page.click("[aria-label='Withdraw the invitation to edsger@example.com']");
  await page.waitForSelector(".badge:has-text('Cancelled')");
  assert.match(await page.textContent("main"), /Withdrawn/);
});

browserTest("who is invited joins, and may do what the role gives", async ({ page }) => {
  const { url } = await server;
  await page.goto(link);
  assert.equal(page.url(), `${url}/invitation`, "the secret does not stay in the address");
  await look(page, "invitation");
  await page.fill("#name", "Grace Hopper");
  await page.fill("#password", "a long walk by the sea");
  await page.click("button:has-text('Join')");
  await page.waitForURL(`${url}/sources`);
  await page.goto(`${url}/settings/team`);
  assert.equal(await page.$("#emails"), null, "an Editor invites nobody");
  await look(page, "team-reader");
});

browserTest("a role is changed and the audit log says from what to what", async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  await page.goto(`${url}/settings/team`);
  await page.selectOption("[aria-label='Role of Grace Hopper in the workspace']", "auditor");
  await page.click("[aria-label='Save the roles of Grace Hopper']");
  await page.waitForSelector("text=Changed Permission");
  await page.goto(`${url}/settings/audit-logs?action=user.changed_permission`);
  assert.match(await page.textContent("main"), /Grace Hopper/);
});

browserTest("a second factor is set up with an app, asked for, and a recovery code stands in", { allow: [/401/] }, async ({ page }) => {
  const { url } = await server;
  const grace = { email: "grace@example.com", password: "a long walk by the sea" };
  await signIn(page, grace);
  await page.goto(`${url}/profile`);
  await look(page, "profile");
  await page.click("text=Set up an authenticator app");
  await look(page, "profile-app");
  const seed = await page.textContent("#seed");
  await page.fill("#code", code(seed, -1));
  await page.fill("#password", grace.password);
  await page.click("button:has-text('Turn on')");
  await page.waitForSelector("h1:has-text('Your recovery codes')");
  await look(page, "recovery-codes");
  const recovery = await page.textContent("#recovery-codes li");
  await page.click("text=I keep these codes");
  await page.waitForSelector(".badge:has-text('On')");
  await look(page, "profile-with-factor");
  await page.click("[aria-label='Sign out']");

  await signIn(page, grace);
  await page.waitForSelector("h1:has-text('One more step')");
  await look(page, "sign-in-step");
  await page.fill("#code", "000000");
  await page.click("button:has-text('Sign in')");
  await page.waitForSelector("#code-error");
  await page.fill("#code", code(seed));
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${url}/sources`);
  await page.click("[aria-label='Sign out']");

  await signIn(page, grace);
  await page.fill("#code", recovery);
  await page.click("button:has-text('Sign in')");
  await page.waitForURL(`${url}/sources`);
  await page.goto(`${url}/profile`);
  await page.waitForSelector("text=9 of 10 left");
});

browserTest("a token is made, shown once, works, and is deleted", async ({ page }) => {
  const started = await server;
  const { url } = started;
  await signIn(page);
  await page.goto(`${url}/profile`);
  await page.fill("#token_name", "laptop");
  await page.selectOption("#access", "read_write");
  await page.click("button:has-text('Make a token')");
  const token = await page.textContent("#new-token");
  await look(page, "profile-token");
  const answer = await started.api("GET", "/v2/sources", { token });
  assert.ok(Array.isArray(answer.sources ?? answer.data), JSON.stringify(answer));
  await page.goto(`${url}/settings/tokens`);
  assert.ok(!(await page.content()).includes(token));
  await look(page, "access");
  await started.api("POST", "/v2/sources", { token, body: { name: "By the laptop", type: "HTTP" } });
  await page.click("[aria-label='Events of token laptop']");
  await page.waitForSelector(".log .ev");
  const told = await page.$$eval(".log .ev .c-target b", (all) => all.map((one) => one.textContent.trim()));
  assert.deepEqual(told.sort(), ["By the laptop", "laptop"], "what the token did, and that it was made");
  await page.goto(`${url}/settings/tokens`);
  await page.click("[aria-label='Delete token laptop']");
  await page.waitForSelector("text=Every program that shows this token is refused at once.");
  await look(page, "token-delete");
  await page.click("button:has-text('Delete')");
  await page.waitForSelector(".note--ok:has-text('Deleted')");
  const gone = await fetch(`${url}/v2/sources`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(gone.status, 401);
});

browserTest("an administrator lets anyone read the hashes of the log, and takes it back", async ({ page }) => {
  const started = await server;
  const { url } = started;
  const save = () => Promise.all([page.waitForNavigation(), page.click("#hashes-form button:has-text('Save')")]);
  await signIn(page);
  await page.waitForURL(`${url}/sources`);
  await page.goto(`${url}/settings/tokens`);
  await page.check("#hashes-form [name='public_hashes']");
  await save();
  const path = await page.textContent("#hashes-hint code");
  await look(page, "access-public");
  // The change itself is signed within a second; something was signed long before.
  const checkpoint = await fetch(url + path);
  assert.equal(checkpoint.status, 200);
  assert.match(await checkpoint.text(), /^\S+\n\d+\n/);
  const entries = await fetch(url + path.replace("checkpoint", "tile/entries/000.p/1"));
  assert.equal(entries.status, 401);
  await page.uncheck("#hashes-form [name='public_hashes']");
  await save();
  assert.equal((await fetch(url + path)).status, 401);
});

browserTest("a token that turned up somewhere is exchanged for its id, and shown by what it did", async ({ page }) => {
  const started = await server;
  const { url } = started;
  const { token } = await started.api("POST", "/v2/tokens", { token: started.ids.accessToken, body: { name: "ci" } });
  await started.api("POST", "/v2/sources", { token, body: { name: "By the build", type: "HTTP" } });
  await signIn(page);
  await page.goto(`${url}/settings/audit-logs`);
  await page.fill("#token", token);
  await page.click("button:has-text('Show')");
  await page.waitForURL(/token=[0-9A-Za-z]{27}$/);
  assert.ok(!page.url().includes("annals_"), "the token is in no address");
  await page.waitForSelector(".log .ev");
  const told = await page.$$eval(".log .ev .c-target b", (all) => all.map((one) => one.textContent.trim()));
  assert.deepEqual(told, ["By the build"], "what it did, and not that it was made");
  assert.match(await page.textContent(".log-bar"), /Token: ci/);
  await look(page, "audit-logs-token");
});

browserTest("a source is locked for people selected", async ({ page }) => {
  const started = await server;
  const { url } = started;
  const { source } = await started.api("POST", "/v2/sources", { token: started.ids.accessToken, body: { name: "Checkout", type: "HTTP" } });
  await signIn(page);
  await page.goto(`${url}/sources/${source.id}`);
  await page.click(".tabs a:has-text('Access')");
  await page.check("input[value='selected']");
  await look(page, "source-access");
  await page.click("button:has-text('Save')");
  await page.waitForSelector("text=Recorded as");
  await page.waitForSelector(".badge:has-text('Locked')");
});

browserTest("a workspace is made, opened, and deleted when it is empty", async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  await page.goto(`${url}/sources`);
  await page.click(".nav a.ws");
  await page.fill("#name", "Staging");
  await page.selectOption("#environment", "DEVELOPMENT");
  await look(page, "workspaces");
  await page.click("button:has-text('Create workspace')");
  await page.waitForSelector("h1:has-text('Staging')");
  await look(page, "workspace-settings");
  await page.goto(`${url}/settings/team`);
  await page.click("summary:has-text('Other workspaces') >> nth=0");
  await look(page, "team-workspaces");
  await page.goto(`${url}/workspaces`);
  await page.click("[aria-label='Open Production']");
  await page.waitForURL(`${url}/sources`);
  await page.goto(`${url}/workspaces`);
  await page.click("[aria-label='Delete Staging']");
  await look(page, "workspace-delete");
  await page.fill("#confirm", "Staging");
  await page.click("button:has-text('Delete')");
  await page.waitForURL(`${url}/workspaces`);
  assert.equal(await page.$("[aria-label='Open Staging']"), null);
});

browserTest("a member is removed after the address is typed", async ({ page }) => {
  const { url } = await server;
  await signIn(page);
  await page.goto(`${url}/settings/team`);
  await page.click("[aria-label='Remove Grace Hopper']");
  await look(page, "remove");
  await page.fill("#confirm", "grace@example.com");
  await page.click("button:has-text('Remove')");
  await page.waitForURL(`${url}/settings/team`);
  assert.equal(await page.$("text=Grace Hopper"), null);
});

browserTest("a forgotten password is answered honestly without a mail server", async ({ page }) => {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  await page.click("text=Forgotten password?");
  await look(page, "forgot");
  assert.match(await page.textContent("main"), /annals member password/);
});
