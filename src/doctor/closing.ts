type Close = () => Promise<void>;

/** What is to be closed at the end, the last one first. What is opened after that, because nobody waited for it, is closed at once. */
export function collectClosing() {
  const open: Close[] = [];
  let isOver = false;
  // What can't be closed does not keep the rest open.
  const quietly = (close: Close) => close().catch(() => {});
  return {
    add(close: Close): void {
      if (isOver) void quietly(close);
      else open.push(close);
    },
    async closeAll(): Promise<void> {
      isOver = true;
      for (const close of open.splice(0).reverse()) await quietly(close);
    },
  };
}
