// Defines the notices that explain to a prospect the use of the data, as the client's contract lists them (C14). Pure.
// Invariant: a version is one wording for ever; a changed wording is another version.
import type { Channel } from './lead-values.ts';

export interface Notice {
  /** The value of `notice` in leads. */
  readonly version: string;
  readonly channel: Channel;
  /** ISO 8601 instant (client facts are stored as JSON); the text was not in use before it. */
  readonly from: string;
}

export interface WordedNotice extends Notice {
  readonly wording: string;
}

/** True when the text was in use on that channel at an instant. */
export const wasInUse = (notice: Notice, channel: Channel, at: Date): boolean =>
  notice.channel === channel && Date.parse(notice.from) <= at.getTime();
