// Refreshes the live tail: polls for newer events every two seconds, and shows them, or counts them while the reader is busy.
// Invariant: the focus never moves and the lines being read stay in place; without this file the page works by its links.
'use strict';

const everyMs = 2_000;
/** Pixels of the list that may be out of sight before its reader counts as being further down. */
const slackPixels = 40;

function follow(root) {
  const part = (name) => document.getElementById(`live-${name}`);
  const texts = part('status').dataset;
  const most = Number(root.dataset.most);
  const state = {
    /** Position of the end of the shown list. */
    shown: root.dataset.place,
    /** Position of the last poll. */
    asked: root.dataset.place,
    waiting: [],
    count: 0,
    /** A poll brought more than a page. */
    behind: root.dataset.more === 'yes' && root.dataset.kept !== 'yes',
    paused: root.dataset.kept === 'yes',
    trouble: '',
  };

  const rowsOf = (within) => [...within.querySelectorAll('#live-list tbody > tr')];
  const body = () => root.querySelector('#live-list tbody');
  const isBusy = () =>
    state.paused ||
    part('list').contains(document.activeElement) ||
    (!part('list').hidden && part('list').getBoundingClientRect().top < -slackPixels);

  function addressAt(place, name) {
    const address = new URL(root.dataset.address, location.href);
    if (place !== undefined) address.searchParams.set(name, place);
    return address;
  }

  /** Keeps the position in the address, so that Back, or a colleague with the address, finds the same list. */
  function keepPlace() {
    history.replaceState(null, '', addressAt(isBusy() ? state.shown : undefined, 'upto'));
  }

  function tell() {
    const { count, behind, trouble, paused } = state;
    const number = behind
      ? texts.more.replace('{n}', most)
      : texts[count === 1 ? 'one' : 'many'].replace('{n}', count);
    const news = count > 0 || behind ? number : paused ? texts.paused : texts.none;
    const text = trouble === '' ? news : texts[trouble];
    // Written only where it differs: screen readers repeat a text that is written again.
    if (part('status').textContent !== text) part('status').textContent = text;
    const name = paused ? part('pause').dataset.resume : part('pause').dataset.pause;
    if (part('pause').textContent.trim() !== name) part('pause').textContent = name;
    part('show').setAttribute('aria-disabled', String(count === 0 && !behind));
  }

  function put(rows, isWhole) {
    if (isWhole) body().replaceChildren(...rows);
    else body().prepend(...rows);
    for (const row of rowsOf(root).slice(most)) row.remove();
    if (rows.length > 0) {
      part('list').hidden = false;
      part('empty')?.remove();
    }
  }

  async function ask(address) {
    const answer = await fetch(address, {
      headers: { 'x-relais-by-itself': 'live' },
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.type === 'opaqueredirect') return 'ended';
    if (!answer.ok) return 'silent';
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const found = page.getElementById('live');
    return { rows: rowsOf(page), place: found.dataset.place, isMore: found.dataset.more === 'yes' };
  }

  async function show() {
    if (state.behind) {
      const newest = await ask(addressAt());
      if (typeof newest === 'string') return void (state.trouble = newest);
      put(newest.rows, true);
      state.asked = newest.place;
      state.behind = newest.isMore;
    } else put(state.waiting, false);
    Object.assign(state, { shown: state.asked, waiting: [], count: 0 });
    part('newer').href = addressAt(state.shown, 'after').href;
  }

  async function look() {
    if (!state.behind) {
      const news = await ask(addressAt(state.asked, 'after'));
      state.trouble = typeof news === 'string' ? news : '';
      if (typeof news === 'string') return;
      Object.assign(state, { asked: news.place, behind: news.isMore });
      state.count += news.rows.length;
      state.waiting = [...news.rows, ...state.waiting].slice(0, most);
    }
    if (!isBusy() && (state.count > 0 || state.behind)) await show();
  }

  async function round() {
    try {
      if (!document.hidden) await look();
    } catch {
      state.trouble = 'silent';
    }
    tell();
    keepPlace();
    if (state.trouble !== 'ended') setTimeout(() => void round(), everyMs);
  }

  part('bar').hidden = false;
  // The link is for browsers without a script: here a button does the same.
  part('newer').hidden = true;
  part('pause').addEventListener('click', () => {
    state.paused = !state.paused;
    tell();
    keepPlace();
  });
  part('show').addEventListener('click', () => {
    void show()
      .catch(() => (state.trouble = 'silent'))
      .finally(() => {
        tell();
        keepPlace();
      });
  });
  root.addEventListener('focusin', keepPlace);
  root.addEventListener('click', keepPlace);
  tell();
  setTimeout(() => void round(), everyMs);
}

const root = document.getElementById('live');
if (root !== null) follow(root);
