// Answers of the recipient as the tests of a file record them.
// Invariant: pure; an answer reads the same in a test and in a trial that gives it.
import type { Answer } from '../../connectors/contract.ts';
import { blockAt, isRecord, listAt, textAt } from './document.ts';
import { textOf } from './rendering.ts';

/** The answer a test records; JSON unless its headers say otherwise. */
export function answerOf(test: Readonly<Record<string, unknown>>): Answer {
  const raw = blockAt(test, 'response');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(blockAt(raw, 'headers')))
    headers[name.toLowerCase()] = textOf(value);
  const body = raw['body'];
  return {
    status: typeof raw['status'] === 'number' ? raw['status'] : 200,
    headers,
    mediaType: headers['content-type'] ?? 'application/json',
    text: typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body),
    truncated: false,
  };
}

/** The first answer the file records as the acceptance of a create, or of one of its calls. */
export function acceptedAnswer(
  whole: Readonly<Record<string, unknown>>,
  call?: { readonly name: string; readonly first: boolean },
): Answer | undefined {
  const test = listAt(whole, 'tests')
    .filter(isRecord)
    .find(
      (one) =>
        isRecord(one['response']) &&
        one['outcome'] === 'accepted' &&
        (one['on'] ?? 'create') === 'create' &&
        // A test that names no call is about the first one.
        (call === undefined || (textAt(one, 'call') ?? (call.first ? call.name : undefined)) === call.name),
    );
  return test === undefined ? undefined : answerOf(test);
}
