/** What long work does at the moment. */
export type Phase =
  | 'reading'
  | 'verifying'
  | 'keeping'
  | 'loading'
  | 'indexing'
  | 'checking'
  | 'books'
  | 'uploading'
  | 'downloading';

/** `done` of `total`, in bytes or steps; `note` is what it is at. */
export type Progress = { phase: Phase; done: number; total: number; note: string };
export type OnProgress = (progress: Progress) => void;
