import type { EntityManager } from '@mikro-orm/postgresql';
import type { Replica } from '../../database/replica.ts';
import type { Services } from '../context.ts';
import type { ReportContext } from './report-span.ts';

type ReaderContext = { app: Services & { replica: Replica | null }; em: EntityManager };

/** Makes a report on the replica, where there is one that is fresh enough, or on the primary. Only reads. */
export const readReport = <T>(
  { app, em }: ReaderContext,
  report: (context: ReportContext) => Promise<T>,
): Promise<T> =>
  app.replica
    ? app.replica.read(em, (reading, asOf) => report({ app, em: reading, asOf }))
    : report({ app, em });
