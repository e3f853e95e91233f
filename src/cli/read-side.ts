// Prints the age of a list that was read from a replica.
import type { App } from '../app.ts';
import { paris } from '../support/words.ts';
import { say } from './terminal.ts';

export async function sayAge(reading: App['reading']): Promise<void> {
  if (reading.asOf === undefined) return;
  const at = await reading.asOf();
  say(
    at === undefined
      ? 'Read from a replica, which has no log yet.'
      : `Read from a replica, whose newest log entry is of ${paris(at)}.`,
  );
}
