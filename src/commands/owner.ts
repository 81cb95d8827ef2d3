import { Command } from 'commander'
import { ownerEnrolCommand, ownerInitCommand, ownerRecoverCommand } from './owner-init.ts'

export function ownerCommand(): Command {
  return new Command('owner')
    .description(
      'the household’s side: make the key; list, open and share clips; say whom clips are sealed to',
    )
    .addCommand(ownerInitCommand())
    .addCommand(ownerRecoverCommand())
    .addCommand(ownerEnrolCommand())
}
