// Passkeys: the browser's part. Each form says where to ask what is to be signed (`data-options`), and whether a passkey is
// to be made or to sign (`data-passkey`). What the passkey says goes with the form, in its field `credential`.
(() => {
  'use strict';
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (options) => {
    const user = { ...options.user, id: bytes(options.user.id) };
    const publicKey = { ...options, user, challenge: bytes(options.challenge), excludeCredentials: known(options.excludeCredentials) };
    const { id, rawId, type, response } = await navigator.credentials.create({ publicKey });
    return {
      id, rawId: text(rawId), type,
      response: {
        attestationObject: text(response.attestationObject),
        clientDataJSON: text(response.clientDataJSON),
        transports: response.getTransports?.() ?? [],
      },
    };
  };

  const get = async (options) => {
    const publicKey = { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) };
    const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
    return {
      id, rawId: text(rawId), type,
      response: {
        authenticatorData: text(response.authenticatorData),
        clientDataJSON: text(response.clientDataJSON),
        signature: text(response.signature),
        userHandle: response.userHandle ? text(response.userHandle) : null,
      },
    };
  };

  // What a browser says when it does not go on, in words of ours. It does not tell who has which passkey.
  const words = {
    NotAllowedError: 'Nothing was signed: it was cancelled, took too long, or there is no passkey for this page here.',
    InvalidStateError: 'This device has a passkey for your account already.',
    SecurityError: 'This browser has no passkeys at this address.',
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false; // without this file there is nothing to press
    const button = form.querySelector('[data-passkey-go]');
    const said = form.querySelector('[data-passkey-said]');
    const say = (message, field) => {
      for (const one of form.querySelectorAll('[aria-invalid]')) {
        one.removeAttribute('aria-invalid');
        one.removeAttribute('aria-describedby');
      }
      said.hidden = !message;
      said.querySelector('p').textContent = message;
      const input = field && form.elements.namedItem(field);
      if (!input) return;
      input.setAttribute('aria-invalid', 'true');
      input.setAttribute('aria-describedby', said.id);
      input.focus();
    };
    if (!globalThis.PublicKeyCredential) {
      say('This browser has no passkeys.');
      button.disabled = true;
      continue;
    }
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      button.disabled = true;
      say('');
      try {
        const headers = { accept: 'application/json' };
        const answer = await fetch(form.dataset.options, { method: 'POST', headers, body: new URLSearchParams(new FormData(form)) });
        const isOurs = answer.headers.get('content-type')?.startsWith('application/json');
        const told = isOurs ? await answer.json() : {};
        if (!isOurs || !answer.ok) {
          const otherwise = answer.status === 429 ? 'Too many tries. Wait a quarter of an hour, and try again.' : 'This page is too old. Load it again.';
          say(told.message ?? otherwise, told.field);
          return;
        }
        const credential = await (form.dataset.passkey === 'create' ? create : get)(told);
        form.elements.namedItem('credential').value = JSON.stringify(credential);
        const password = form.elements.namedItem('password');
        if (password) password.value = ''; // it was asked, and need not go again
        form.submit();
      } catch (error) {
        say(words[error.name] ?? 'The passkey could not be used. Try again.');
      } finally {
        button.disabled = false;
      }
    });
  }
})();
