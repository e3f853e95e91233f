// The texts that tell a prospect what the data is for, as the client's contract lists them (C14). Pure.
// Invariant: a version is one wording for ever; who changes the words gives them another version.
import type { Channel } from './lead-values.ts';

export interface Notice {
  /** What leads name in `notice`. */
  readonly version: string;
  readonly channel: Channel;
  /** ISO 8601 instant (client facts are stored as JSON); before it nobody heard or read this text. */
  readonly from: string;
}

export interface WordedNotice extends Notice {
  readonly wording: string;
}

/** Whether the text was in use by that channel at an instant. */
export const wasInUse = (notice: Notice, channel: Channel, at: Date): boolean =>
  notice.channel === channel && Date.parse(notice.from) <= at.getTime();
