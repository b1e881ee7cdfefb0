import type { Sink } from '../../core/export/export-data.ts';
import type { Option } from '../command.ts';

/** Excel reads CSV without it in the code page of the machine: ₹ and names become other signs. */
export const BYTE_ORDER_MARK = '\ufeff';

export const EXCEL_OPTION: Option = {
  flags: '--excel',
  description: 'CSV that Excel opens with ₹ and names right (UTF-8 with a byte order mark)',
};

/** Puts the mark before the first text. */
export function withMark(sink: Sink): Sink {
  let isFirst = true;
  return {
    async begin() {
      await sink.begin();
      isFirst = true;
    },
    async write(text) {
      if (text === '') return;
      await sink.write(isFirst ? BYTE_ORDER_MARK + text : text);
      isFirst = false;
    },
  };
}
