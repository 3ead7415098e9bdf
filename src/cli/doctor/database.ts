import { type Check, ok, wrong } from './check.ts';

/** Whether the database can be opened, has our tables and no others, and is whole. */
export const database: Check = {
  name: 'database',
  look: (installation) =>
    installation.examine(async (opened) => {
      const damage = await opened.findDamage();
      const [first] = damage;
      if (first === undefined)
        return [
          ok(
            `${opened.name} has schema ${opened.schema}${opened.engine === 'sqlite' ? ', and its pages are whole' : ''}`,
          ),
        ];
      return [wrong('database_corrupt', `${opened.name} is damaged: ${first}.`, 'hanaper log verify')];
    }),
};
