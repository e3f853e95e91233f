// Parses the records of an XML acknowledgement from a stream: the elements of one name, with their attributes and texts.
// Invariant: the XML is well-formed to its end, or nothing of it counts; entities that it declares itself are not resolved.
import { SaxesParser } from 'saxes';
import { decoder, unread, type Cell, type Records } from './line-text.ts';

/** Limit of characters without an element's start or end: a longer text is no acknowledgement. */
const longestText = 262_144;
const longestCell = 1_000;

export function xmlRecords(record: string): Records {
  let text: ((bytes?: Uint8Array) => string) | undefined;
  const parser = new SaxesParser({ xmlns: false, position: false });
  const collected = collect(parser, record);
  let sinceElement = 0;
  const feed = (piece: string): readonly Cell[] => {
    const before = collected.elements();
    try {
      parser.write(piece);
    } catch {
      throw unread('MALFORMED');
    }
    sinceElement = collected.elements() === before ? sinceElement + piece.length : 0;
    if (sinceElement > longestText) throw unread('MALFORMED');
    return collected.take();
  };
  return {
    write(bytes) {
      text ??= decoder(declaredEncoding(bytes));
      const piece = text(bytes);
      return Promise.resolve(piece === '' ? [] : feed(piece));
    },
    end() {
      const last = text?.() ?? '';
      const cells = last === '' ? [] : feed(last);
      try {
        parser.close();
      } catch {
        throw unread('MALFORMED');
      }
      return Promise.resolve(cells);
    },
  };
}

/** The encoding of the XML declaration; UTF-8 where it names none. */
function declaredEncoding(bytes: Uint8Array): string {
  const beginning = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  return (
    /^(?:\u00EF\u00BB\u00BF)?<\?xml[^>]*\sencoding=["']([A-Za-z0-9._-]+)["']/.exec(beginning)?.[1] ?? 'utf-8'
  );
}

interface Collected {
  /** Number of starts and ends of elements so far. */
  readonly elements: () => number;
  /** Records completed since the last call. */
  readonly take: () => readonly Cell[];
}

function collect(parser: SaxesParser, record: string): Collected {
  let elements = 0;
  let ended: Cell[] = [];
  let depth = 0;
  let current: { readonly cells: Map<string, string>; readonly depth: number } | undefined;
  let value = '';
  parser.on('opentag', ({ name, attributes }) => {
    elements += 1;
    depth += 1;
    value = '';
    if (current !== undefined || localName(name) !== record) return;
    const own = Object.entries(attributes).map(([key, text]) => [`@${localName(key)}`, text] as const);
    current = { cells: new Map(own), depth };
  });
  const append = (text: string): void => {
    if (current !== undefined && value.length < longestCell) value += text.slice(0, longestCell);
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', ({ name }) => {
    elements += 1;
    if (current !== undefined && depth === current.depth) {
      const { cells } = current;
      ended.push((column) => cells.get(String(column)));
      current = undefined;
    } else if (current !== undefined && !current.cells.has(localName(name))) {
      current.cells.set(localName(name), value);
    }
    value = '';
    depth -= 1;
  });
  return {
    elements: () => elements,
    take() {
      const cells = ended;
      ended = [];
      return cells;
    },
  };
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);
