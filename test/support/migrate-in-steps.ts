/** Updates a ledger's file, two rows a step: `node --import ./test/support/failpoints.ts … FILE` kills it in between. */
import Database from 'better-sqlite3';
import { migrate } from '../../src/ledger/sqlite/migration.ts';

const db = new Database(process.argv[2]);
db.pragma('journal_mode = WAL');
migrate(db, 2);
db.close();
