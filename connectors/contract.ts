// The contract between the gateway and its connectors: types of a parcel, an outcome and a connector.
// Invariant: a connector sees bytes, addresses and secrets' names; never a lead, SQL, a queue or the environment.
export type {
  Action,
  BatchFacts,
  Body,
  BodySecrets,
  Captured,
  LongBytes,
  Parcel,
  ParcelItem,
  SheetSection,
} from './contract/parcel.ts';
export type {
  Answer,
  Copy,
  Evidence,
  Outcome,
  OutcomeKind,
  ReasonCode,
  TargetAnswer,
  Tested,
} from './contract/outcome.ts';
export type {
  AckRead,
  ItemAnswer,
  ItemAnswers,
  LineWord,
  NamedBy,
  TakeAnswers,
  Unreadable,
} from './contract/item-answers.ts';
export type { Composed, NetworkPolicy, SendContext, Timeouts } from './contract/context.ts';
export type { Credential, CredentialNeed, Credentials, Got, Obtained } from './contract/credentials.ts';
export type {
  Both,
  Draft,
  Drafting,
  DraftRequest,
  NamedCall,
  SignedRow,
  SignedWords,
} from './contract/presented.ts';
export type { Handled, Returned, Returns, ReturnsContext, ReturnsRead } from './contract/returns.ts';
export { standInHost } from './contract/stand-in.ts';
export type { StandIn, StandInAnswer, StandInServer, StandInServers } from './contract/stand-in.ts';
export { defineConnector, problemIf } from './contract/connector.ts';
export type {
  Connector,
  Expiry,
  Fetched,
  JsonSchema,
  SettingsParts,
  SettingsProblem,
  TargetKind,
} from './contract/connector.ts';
export { blockOf, formedText, oneOf, textOf } from './contract/settings-schema.ts';
