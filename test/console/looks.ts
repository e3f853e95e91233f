// What an eye sees at once on a page and a machine can measure: names that touch their fields, buttons beside the row, tables that scroll.
import type { Page } from 'playwright-core';

/** Runs in the page. Sizes are pixels of the style sheet; 16 of them are a rem. */
const looks = `(() => {
  const found = [];
  const box = (part) => part.getBoundingClientRect();
  const isShown = (part) => box(part).width > 0 && box(part).height > 0;
  const nameOf = (part) => part.textContent.trim().replace(/\\s+/g, ' ').slice(0, 40);
  for (const name of document.querySelectorAll('main label > span')) {
    const field = name.nextElementSibling;
    if (field === null || !field.matches('input, select, textarea') || !isShown(field)) continue;
    if (box(field).top - box(name).bottom < 3) found.push('the ring of the focus lies over "' + nameOf(name) + '"');
  }
  for (const label of document.querySelectorAll('main form.stack > :is(label, fieldset)'))
    if (box(label).width > 44 * 16) found.push('a field as wide as the page: ' + nameOf(label));
  const middle = (part) => (box(part).top + box(part).bottom) / 2;
  for (const act of document.querySelectorAll('main form.line > :is(button, a)')) {
    const beside = [...act.parentElement.querySelectorAll(':scope > label > :is(input:not([type=checkbox]), select)')]
      .filter((field) => isShown(field) && box(field).bottom > box(act).top && box(field).top < box(act).bottom)
      .at(-1);
    if (beside !== undefined && Math.abs(middle(beside) - middle(act)) > 2)
      found.push(nameOf(act) + ' stands higher or lower than its field');
  }
  for (const text of document.querySelectorAll('main label.tick > span'))
    if (isShown(text) && text.textContent.trim().length > 12 && box(text).width < 80)
      found.push('a tick with its words in a narrow column: ' + nameOf(text));
  for (const part of document.querySelectorAll('main .scroll')) {
    const isFitted = part.querySelector('table:is(.stacks, .figures)') !== null;
    if (part.scrollWidth > part.clientWidth + 1 && (isFitted || innerWidth >= 1280))
      found.push('a table that scrolls: ' + part.getAttribute('aria-label'));
  }
  return found;
})()`;

export const looksOf = (page: Page): Promise<readonly string[]> => page.evaluate<readonly string[]>(looks);
