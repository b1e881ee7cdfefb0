import { createPairingCode as contract } from '../../contract/devices.ts';
import { parse } from '../../contract/parse.ts';
import { createPairingCode } from '../../core/devices/create-pairing-code.ts';
import { viewPairingCode } from '../../core/devices/view-device.ts';
import { wallClock } from '../../core/shops/business-day.ts';
import { readServer } from '../../core/status/read-status.ts';
import { readServerFile } from '../../server-file.ts';
import { atShop } from '../at-shop.ts';
import { type Command, SHOP_OPTION } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { drawQr } from '../output/qr.ts';
import { configuredAddress, deviceUrls, ownUrl, type ServerAddress } from '../server-address.ts';

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
    const running = readServerFile(shell.config.home);
    const address = running ?? configuredAddress(shell.config);
    const given = options.url as string | undefined;
    const urls = addressesOf(address, given);
    const [url = '', ...others] = urls;
    await atShop(shell, options.shop, async ({ shop, context }) => {
      const pairing = viewPairingCode(await createPairingCode(context, shop.id, name));
      // Behind the # it stays with whoever scans it: it is in no request line and in no log.
      const qr = `${url}/pair#${pairing.code}`;
      const until = wallClock(new Date(pairing.expiresAt), shop.timezone).time.slice(0, 5);
      shell.print(`${name} of ${shop.name} (${shop.code}): scan this, or type in address and code.`, '');
      // With colours, which `show` would take for somebody's mischief.
      if (!shell.wantsJson) process.stdout.write(`${drawQr(qr)}\n`);
      shell.print('', `  address  ${url}`, ...others.map((other) => `       or  ${other}`));
      shell.print(`  code     ${pairing.code}`, '');
      shell.print(`It pairs one device, until ${until} (${shop.timezone}).`);
      const isServed = running !== undefined || (await readServer(context.em)).isRunning;
      const warning = given === undefined ? warningOf(address, isServed) : undefined;
      if (warning) shell.warn(warning);
      shell.give({ url, urls, ...pairing, qr });
    });
    return undefined;
  },
};

/** Where devices reach the server, the likeliest first: as given, as the running server says, or as it would by the settings. */
function addressesOf(address: ServerAddress, given: string | undefined): string[] {
  if (given === undefined) {
    const urls = deviceUrls(address);
    return urls.length > 0 ? urls : [ownUrl(address)];
  }
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError('--url is not an address like http://192.168.1.20:8080.');
  }
  return [url.href.replace(/\/+$/, '')];
}

/** Why a device would not reach it, if that is known. */
function warningOf(address: ServerAddress, isServed: boolean): string | undefined {
  if (!isServed) return 'No server runs now. Start it before the device is paired: smoocho start';
  if (deviceUrls(address).length > 0) return undefined;
  if (address.isProxied)
    return 'The server is behind a proxy, and its name is not known here: say it with --url.';
  return `The server listens at ${address.host}, for this machine alone. For others, start it with --host 0.0.0.0.`;
}
