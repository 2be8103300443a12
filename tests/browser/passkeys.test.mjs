// Passkeys, with Chromium's virtual authenticator: the browser's own part of Web Authentication is the real one.

import assert from "node:assert/strict";
import { annals, browserTest, founder, look } from "./harness.mjs";

const server = annals({ init: true });

/** The server by the name at which it has passkeys: a bare IP address has none. */
async function home() {
  return (await server).url.replace("127.0.0.1", "localhost");
}

/** An authenticator in the machine, with a finger that is always there. */
async function authenticator(context, page, { verified = true } = {}) {
  const devTools = await context.newCDPSession(page);
  await devTools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: verified,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devTools.send("WebAuthn.addVirtualAuthenticator", { options });
  const ask = (method, parameters = {}) => devTools.send(`WebAuthn.${method}`, { authenticatorId, ...parameters });
  return {
    passkeys: async () => (await ask("getCredentials")).credentials,
    put: (credential) => ask("addCredential", { credential }),
    finger: (isThere) => ask("setUserVerified", { isUserVerified: isThere }),
  };
}

async function password(page) {
  await page.goto(`${await home()}/sign-in`);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:text-is('Sign in')");
}

async function signOut(page) {
  await page.click("[aria-label='Sign out']");
  await page.waitForURL(/\/sign-in$/);
}

browserTest(
  "a passkey is added, signs in after the password and alone, and is removed",
  { allow: [/422/] },
  async ({ page, context }) => {
    const url = await home();
    const machine = await authenticator(context, page);
    await password(page);
    await page.goto(`${url}/profile`);
    await page.click("text=Add a passkey");
    await look(page, "passkey-new");

    await page.fill("#name", "Laptop");
    await page.fill("#password", "not the password");
    await page.click("button:has-text('Add a passkey')");
    await page.waitForSelector("#passkey-said:has-text('The password is wrong.')");
    assert.equal(await page.getAttribute("#password", "aria-invalid"), "true");
    await look(page, "passkey-new-refused");
    assert.equal((await machine.passkeys()).length, 0, "no passkey is made that is not taken");

    await page.fill("#password", founder.password);
    await page.click("button:has-text('Add a passkey')");
    await page.waitForSelector("h1:has-text('Your recovery codes')");
    const [made] = await machine.passkeys();
    assert.equal(made.rpId, "localhost");
    assert.equal(made.isResidentCredential, true, "it is found without a name");
    await page.click("text=I keep these codes");
    await page.waitForSelector("text=Passkey: Laptop");
    await look(page, "profile-with-passkey");
    await page.fill("[aria-labelledby='p-factors'] input[name='name']", "Blue laptop");
    await page.click("button:text-is('Rename')");
    await page.waitForSelector("text=Passkey: Blue laptop");
    await signOut(page);

    await password(page);
    await page.waitForSelector("h1:has-text('One more step')");
    await look(page, "sign-in-step-passkey");
    await page.click("button:has-text('Use your passkey')");
    await page.waitForURL(`${url}/sources`);
    await signOut(page);

    await look(page, "sign-in-passkey");
    await page.click("button:has-text('Sign in with a passkey')");
    await page.waitForURL(`${url}/sources`);
    await page.goto(`${url}/settings/audit-logs?action=user.signed_in`);
    await page.click(".log .ev .act a >> nth=0");
    await page.waitForSelector("#event-json");
    assert.match(await page.textContent("#event-json"), /passkey/);

    await page.goto(`${url}/profile`);
    await page.fill("#proof-1", founder.password);
    await page.click("[aria-label='Remove: Passkey: Blue laptop']");
    await page.waitForSelector(".badge:has-text('Off')");
    await page.goto(`${url}/settings/audit-logs`);
    for (const action of ["Passkey Added", "Enabled MFA", "Passkey Removed", "Disabled MFA"]) {
      await page.waitForSelector(`.log >> text=${action}`);
    }
  },
);

browserTest(
  "a passkey that is removed, or does not verify the person, opens nothing, and the page says so",
  { allow: [/401/] },
  async ({ page, context }) => {
    const machine = await authenticator(context, page);
    await password(page);
    await page.goto(`${await home()}/profile/passkeys/new`);
    await page.fill("#name", "Key");
    await page.fill("#password", founder.password);
    await page.click("button:has-text('Add a passkey')");
    await page.click("text=I keep these codes");
    await signOut(page);

    await machine.finger(false);
    await page.click("button:has-text('Sign in with a passkey')");
    await page.waitForSelector("#passkey-said:has-text('Nothing was signed')");
    await look(page, "sign-in-passkey-refused");
    await machine.finger(true);
    await page.click("button:has-text('Sign in with a passkey')");
    await page.waitForURL(/\/sources$/);

    await page.goto(`${await home()}/profile`);
    await page.fill("#proof-1", founder.password);
    await page.click("[aria-label='Remove: Passkey: Key']");
    await page.waitForSelector(".badge:has-text('Off')");
    await signOut(page);
    await page.click("button:has-text('Sign in with a passkey')");
    await page.waitForSelector("text=This passkey is not known here");
    await look(page, "sign-in-passkey-unknown");
  },
);

browserTest("without a script the pages say that a passkey needs one", { javaScriptEnabled: false }, async ({ page }) => {
  await password(page);
  await page.goto(`${await home()}/profile/passkeys/new`);
  // The driver's way to switch scripts off does not show what is in a noscript.
  assert.match(await page.textContent("noscript"), /A passkey needs JavaScript/);
  assert.ok(!(await page.isVisible("button:has-text('Add a passkey')")));
});

browserTest("a browser without passkeys is told", async ({ page, context }) => {
  await context.addInitScript(() => delete globalThis.PublicKeyCredential);
  await page.goto(`${await home()}/sign-in`);
  await page.waitForSelector("text=This browser has no passkeys.");
  assert.ok(await page.isDisabled("button:has-text('Sign in with a passkey')"));
});

browserTest("at a bare address the page says where passkeys work", async ({ page }) => {
  const { url } = await server;
  await page.goto(`${url}/sign-in`);
  assert.equal(await page.$("text=passkey"), null);
  await page.fill("#email", founder.email);
  await page.fill("#password", founder.password);
  await page.click("button:text-is('Sign in')");
  await page.goto(`${url}/profile/passkeys/new`);
  await page.waitForSelector(`text=${await home()}`);
  await look(page, "passkey-missing");
});
