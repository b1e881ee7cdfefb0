import { renderUnicodeCompact } from 'uqr';
import { systemContext } from '../../app.ts';
import type { Config } from '../../config.ts';
import { createPairingCode as contract, pairDevice } from '../../contract/devices.ts';
import { parse } from '../../contract/parse.ts';
import { createPairingCode } from '../../core/devices/create-pairing-code.ts';
import { viewPairingCode } from '../../core/devices/view-device.ts';
import { wallClock } from '../../core/shops/business-day.ts';
import { findShopByCode } from '../../core/shops/find-shops.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { lanAddresses, urlOf } from '../lan-addresses.ts';
import { whiteOnBlack } from '../output/colour.ts';

/** Light modules around it, without which some cameras don't find it; the standard's four would fill a small screen. */
const QR_BORDER = 2;

export const devicePair: Command = {
  name: 'device pair',
  summary: 'Show a code, as text and to scan, that pairs one device within ten minutes',
  options: [
    SHOP_OPTION,
    { flags: '--name <name>', description: 'what the device is called', required: true },
    { flags: '--url <url>', description: "where the device reaches the server (default: this machine's)" },
  ],
  example: 'smoocho device pair --shop PIZA --name "Till 2"',
  async run(shell, options) {
    const { name } = parse(contract.body, { name: options.name });
    const url = serverUrl(shell.config, options.url as string | undefined);
    await shell.withApp(async (app) => {
      const context = systemContext(app, 'cli');
      const shop = await findShopByCode(context.em, options.shop as string);
      const pairing = viewPairingCode(await createPairingCode(context, shop.id, name));
      // Behind the # it stays with whoever scans it: it is in no request line and in no log.
      const qr = `${url}${pairDevice.path}#${pairing.code}`;
      const until = wallClock(new Date(pairing.expiresAt), shop.timezone).time.slice(0, 5);
      shell.print(`${name} of ${shop.name} (${shop.code}): scan this, or type in address and code.`, '');
      // With colours, which `show` would take for somebody's mischief.
      if (!shell.wantsJson) process.stdout.write(`${drawQr(qr)}\n`);
      shell.print('', `  address  ${url}`, `  code     ${pairing.code}`, '');
      shell.print(`It pairs one device, until ${until} (${shop.timezone}).`);
      shell.give({ url, ...pairing, qr });
    });
    return undefined;
  },
};

/** As it was given, or where tills of this network find this machine. */
function serverUrl({ host, port }: Config, given: string | undefined): string {
  if (given === undefined) {
    const own = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
    return urlOf('http', lanAddresses({ host })[0] ?? own, port);
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError('--url is not an address like http://192.168.1.20:8080.');
  }
  return url.href.replace(/\/+$/, '');
}

/** Its blocks are the light modules. On a terminal they are white on black whatever its own colours are. */
function drawQr(content: string): string {
  const lines = renderUnicodeCompact(content, { border: QR_BORDER }).split('\n');
  return lines.map(whiteOnBlack).join('\n');
}
