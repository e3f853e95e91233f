// Presets of a program by another of its doors: Odoo by its two older protocols, Dolibarr by its public form, through the
// whole gateway: twenty leads with everything that can go wrong.
import { tryInFull } from './preset-trial-suite.ts';

tryInFull(['odoo-jsonrpc', 'odoo-xmlrpc', 'dolibarr-form']);
