// Registers the simulated CRMs: one line for each preset that has one.
import { adlead } from './adlead.ts';
import { apimo } from './apimo.ts';
import { aviv } from './aviv.ts';
import { brevo } from './brevo.ts';
import { dolibarr } from './dolibarr.ts';
import { dolibarrForm } from './dolibarr-form.ts';
import { dynamics } from './dynamics.ts';
import { espocrm } from './espocrm.ts';
import { espocrmLeadCapture } from './espocrm-lead-capture.ts';
import { hubspot } from './hubspot.ts';
import { nocrm } from './nocrm.ts';
import { odoo, odooJsonRpc, odooXmlRpc } from './odoo.ts';
import { oplead } from './oplead.ts';
import { pipedrive } from './pipedrive.ts';
import { jsonReceiver, xmlReceiver } from './receiver.ts';
import { salesforce } from './salesforce.ts';
import { sellsy } from './sellsy.ts';
import { suitecrm } from './suitecrm.ts';
import { tryton } from './tryton.ts';
import type { Simulator } from './simulator.ts';
import { zoho } from './zoho.ts';

export const simulators: readonly Simulator[] = [
  adlead,
  apimo,
  aviv,
  brevo,
  dolibarr,
  dolibarrForm,
  dynamics,
  espocrm,
  espocrmLeadCapture,
  hubspot,
  jsonReceiver,
  nocrm,
  odoo,
  odooJsonRpc,
  odooXmlRpc,
  oplead,
  pipedrive,
  salesforce,
  sellsy,
  suitecrm,
  tryton,
  xmlReceiver,
  zoho,
];

export const simulatorOf = (preset: string): Simulator | undefined =>
  simulators.find((simulator) => simulator.preset === preset);
