// Follows live events: asks for the same page again and again, and takes over what is new. Without this file the page is
// loaded again by hand.
(() => {
  'use strict';
  const EVERY = 2000;
  const MOST = 100;
  // A page that nobody touches does not ask for people's data, and does not keep a session open, for ever.
  const ALONE = 15 * 60 * 1000;
  const box = document.getElementById('live');
  const said = document.getElementById('live-state');
  const button = document.getElementById('live-pause');
  if (!box || !button) return;
  const list = box.querySelector('ol');
  let paused = false;
  let touched = Date.now();
  let timer;

  const tell = (words) => { if (said.textContent !== words) said.textContent = words; };
  const follow = () => {
    clearTimeout(timer);
    button.textContent = paused ? 'Go on' : 'Pause';
    tell(paused ? 'Paused: nothing is asked for.' : 'Following. What comes is a few seconds old.');
    if (!paused) timer = setTimeout(look, EVERY);
  };
  const pause = (now) => { paused = now; touched = Date.now(); follow(); };

  const take = (page) => {
    const fresh = page.getElementById('live');
    if (!fresh) { location.reload(); return; }
    // The server has started again, or it is another one: its numbers are not those of before.
    if (Number(fresh.dataset.newest) < Number(box.dataset.newest)) list.replaceChildren();
    box.dataset.newest = fresh.dataset.newest;
    const rows = [...fresh.querySelectorAll('ol > li')].map((row) => document.adoptNode(row));
    if (!rows.length) return;
    document.getElementById('live-none')?.remove();
    list.prepend(...rows);
    while (list.children.length > MOST) list.lastElementChild.remove();
  };

  const look = async () => {
    if (Date.now() - touched > ALONE) { pause(true); return; }
    if (!document.hidden) {
      try {
        const address = new URL(location.href);
        address.searchParams.set('since', box.dataset.newest);
        const answer = await fetch(address, { headers: { accept: 'text/html' } });
        if (answer.redirected) { location.reload(); return; }
        if (!answer.ok) throw new Error(String(answer.status));
        const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
        if (paused) return;
        take(page);
        tell('Following. What comes is a few seconds old.');
      } catch {
        tell('The server does not answer. Trying again.');
      }
    }
    if (!paused) timer = setTimeout(look, EVERY);
  };

  button.hidden = false;
  button.addEventListener('click', () => pause(!paused));
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { touched = Date.now(); });
  follow();
})();
