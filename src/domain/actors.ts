// Names of actors in the hand-over log that are no person.

/**
 * The gateway itself, and a recipient that reports by callback. An entry follows from the rows, so that the installation that has them
 * writes it; its text is ours, and may look like an address by chance: the mark of a callback is hexadecimal digits.
 */
const ownActors: ReadonlySet<string> = new Set(['worker', 'planner', 'intake', 'relais', 'recipient']);

export const isOwnActor = (actor: string): boolean => ownActors.has(actor);
