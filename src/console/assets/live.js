// The live tail follows by itself: every two seconds it asks for what is newer, and shows it, or counts it while its reader is busy.
// Invariant: the focus is never moved, and what is being read stays where it is; without this file the page works by its links.
'use strict';

const everyMs = 2_000;
/** So much of the list may be out of sight before its reader counts as being further down. */
const slackPixels = 40;

function follow(root) {
  const part = (name) => document.getElementById(`live-${name}`);
  const texts = part('status').dataset;
  const most = Number(root.dataset.most);
  const state = {
    /** Where the list that is shown ends. */
    shown: root.dataset.place,
    /** How far was asked. */
    asked: root.dataset.place,
    waiting: [],
    count: 0,
    /** More came at once than a page has. */
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

  /** So that Back, or a colleague who is sent the address, finds the list as it is. */
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
    // Written where it differs only: what is written again is said again.
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
  // The link of who has no script: here a button does the same.
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
