// Enhancements only: every page reads and works without this file.
(() => {
  'use strict';
  const root = document.documentElement;
  const $ = (query, from = document) => from.querySelector(query);
  const $$ = (query, from = document) => [...from.querySelectorAll(query)];
  const year = 31536000;
  const remember = (name, value) => {
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `${name}=${value}; path=/; max-age=${year}; samesite=lax${secure}`;
  };

  // Theme: the radios alone change this page; the cookie tells the server for the next.
  $$('[name=theme]').forEach((radio) => radio.addEventListener('change', () => remember('annals_theme', radio.value)));

  // A setting that is asked for in some cases only: hidden in the others, and then not sent, so that what is stored stays.
  $$('form:has([data-when])').forEach((form) => {
    const now = (name) => {
      const input = form.elements.namedItem(name);
      return input?.type === 'checkbox' ? String(input.checked) : input?.value;
    };
    const show = () => $$('[data-when]', form).forEach((field) => {
      const asked = JSON.parse(field.dataset.when).every((any) => any.some(([name, value]) => now(name) === value));
      field.hidden = !asked;
      $$('input, select, textarea', field).forEach((input) => { input.disabled = !asked; });
    });
    form.addEventListener('input', show);
    // A browser that comes back to the page fills in what was typed.
    addEventListener('pageshow', show);
    show();
  });

  // Time zone: the server learns it for the next page. On a first visit it drew UTC, so the clocks are moved here.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    if (!document.cookie.split('; ').includes(`annals_tz=${zone}`)) remember('annals_tz', zone);
    if (root.dataset.zone === 'unknown' && zone !== 'UTC') {
      const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' };
      const day = { day: 'numeric', month: 'short', year: 'numeric' };
      const show = (options) => new Intl.DateTimeFormat('en-GB', options);
      $$('time[data-clock], time[data-moment]').forEach((time) => {
        const at = new Date(time.dateTime);
        if (Number.isNaN(at.getTime())) return;
        // The day heads are days in UTC: a clock that falls on another day says so.
        const moved = show(day).format(at) !== show({ ...day, timeZone: 'UTC' }).format(at);
        if ('moment' in time.dataset) time.textContent = show({ ...day, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
        else time.textContent = show(moved ? { weekday: 'short', ...clock } : clock).format(at);
      });
      $$('[data-zone-name]').forEach((name) => { name.textContent = zone.split('/').pop().replaceAll('_', ' '); });
    }
  }

  // Dialogs: a link leads to a page that asks the same; where the dialog is at hand, it asks here.
  $$('[data-dialog]').forEach((link) => link.addEventListener('click', (event) => {
    const dialog = document.getElementById(link.dataset.dialog);
    if (!dialog?.showModal) return;
    event.preventDefault();
    dialog.showModal();
  }));
  $$('[data-close]').forEach((button) => button.addEventListener('click', () => button.closest('dialog').close()));

  // Typing the name to confirm: the server checks it as well.
  $$('[data-confirm]').forEach((input) => {
    const check = () => input.setCustomValidity(input.value.trim() === input.dataset.confirm.trim() ? '' : 'This is not the name yet.');
    input.addEventListener('input', check);
    check();
  });

  // What is shown once is made once: a double click would send the form again and lose the answer to the first.
  const underWay = new WeakSet();
  addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.elements.once) return;
    if (underWay.has(form)) event.preventDefault();
    underWay.add(form);
    setTimeout(() => underWay.delete(form), 5000);
  });

  // Copy.
  $$('[data-copy]').forEach((button) => button.addEventListener('click', async () => {
    const word = $('span', button);
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
      word.textContent = 'Copied';
    } catch {
      // Without permission, or without TLS: select it, so that one key is left to press.
      getSelection().selectAllChildren(document.getElementById(button.dataset.copy));
      word.textContent = 'Selected';
    }
    setTimeout(() => { word.textContent = 'Copy'; }, 2000);
  }));

  // Where the tabs are wider than the window, the one shown stands in the middle: there is more on both sides.
  $$('.tabs').forEach((tabs) => {
    const shown = $('[aria-current]', tabs);
    if (!shown) return;
    const [here, all] = [shown, tabs].map((one) => one.getBoundingClientRect());
    tabs.scrollLeft += here.left + here.width / 2 - all.left - all.width / 2;
  });

  // On narrow screens the filters start closed, unless one is set.
  const filters = $('details.filters');
  if (filters && matchMedia('(max-width: 860px)').matches && !$('.chip')) filters.open = false;

  // A menu closes on Escape, which leads back to its button, and on a click elsewhere.
  const menus = () => $$('details.menu[open]');
  addEventListener('click', (event) => menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.defaultPrevented || !menus().length) return;
    menus().forEach((menu) => {
      if (menu.contains(document.activeElement)) $('summary', menu).focus();
      menu.open = false;
    });
    event.preventDefault();
  });

  // Rows open in place: the server draws the same row at the address of the link.
  const more = (link) => document.getElementById(link.dataset.row);
  const mark = (link, open) => link.setAttribute('aria-expanded', String(open));
  // The address says which row is open, so that it can be sent to someone.
  const tell = (link, open) => {
    const here = new URL(location.href);
    if (open) here.searchParams.set('open', link.dataset.row.slice(2));
    else here.searchParams.delete('open');
    history.replaceState(history.state, '', here);
  };
  const toggle = async (link) => {
    const here = more(link);
    if (here) {
      here.hidden = !here.hidden;
      mark(link, !here.hidden);
      tell(link, !here.hidden);
      return;
    }
    try {
      const answer = await fetch(link.href, { headers: { accept: 'text/html' } });
      const row = answer.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById(link.dataset.row);
      if (!row) throw new Error('no row');
      if (more(link)) return;
      link.closest('tr').after(document.adoptNode(row));
      mark(link, true);
      tell(link, true);
    } catch {
      location.assign(link.href);
    }
  };
  $$('a.tri').forEach((link) => {
    link.setAttribute('role', 'button');
    mark(link, Boolean(more(link)));
    link.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      toggle(link);
    });
    link.addEventListener('keydown', (event) => { if (event.key === ' ') { event.preventDefault(); toggle(link); } });
  });

  // Keys, where there is a list of events. Off while typing, and with a dialog or the navigation open: Escape is theirs.
  const rows = $$('.log .ev');
  const keys = $('#keys');
  let at = -1;
  const row = () => rows[at];
  const over = () => $('dialog[open]') || (CSS.supports('selector(:popover-open)') && $(':popover-open'));
  // The open row that the focus is in, or that the keys are at, or else the last one on the page.
  const opened = (target) => {
    const open = $$('a.tri').filter((link) => more(link) && !more(link).hidden);
    return open.find((link) => link.closest('tr').contains(target) || more(link).contains(target))
      ?? open.find((link) => row()?.contains(link))
      ?? open.at(-1);
  };
  if (rows.length || keys) addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || over()) return;
    if (event.target.closest('input, textarea, select')) return;
    const link = row() && $('a.tri', row());
    switch (event.key) {
      case '/': {
        const field = $('.filters input:not([type=hidden])');
        if (!field) return;
        filters.open = true;
        field.focus();
        break;
      }
      case '?': keys?.showModal(); break;
      case 'j': case 'k':
        if (!rows.length) return;
        at = Math.min(rows.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)));
        row().tabIndex = -1;
        row().focus();
        break;
      case 'x': if (link) toggle(link); break;
      case 'Escape': {
        const open = opened(event.target);
        if (!open) return;
        // What is hidden cannot keep the focus.
        if (more(open).contains(document.activeElement)) open.focus();
        toggle(open);
        break;
      }
      case 'o': case 'Enter':
        if (!row() || (event.key === 'Enter' && event.target !== row())) return;
        $('.act a', row()).click();
        break;
      default: return;
    }
    event.preventDefault();
  });
})();
