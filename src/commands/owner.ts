import { Command } from 'commander'
import { ownerClipsCommand, ownerTrustCommand } from './owner-clips.ts'
import { ownerEnrolCommand, ownerInitCommand, ownerRecoverCommand } from './owner-init.ts'
import { ownerOpenCommand } from './owner-open.ts'
import { ownerCloudAccessCommand, ownerPageCommand } from './owner-page.ts'
import {
  ownerAddRecipientCommand,
  ownerRecipientsCommand,
  ownerRemoveRecipientCommand,
} from './owner-recipients.ts'
import { ownerSendCommand } from './owner-send.ts'
import { ownerReheaderCommand, ownerShareCommand } from './owner-share.ts'

export function ownerCommand(): Command {
  const owner = new Command('owner').description('the household’s side: only here are recordings opened')
  for (const command of [
    ownerInitCommand(),
    ownerRecoverCommand(),
    ownerEnrolCommand(),
    ownerClipsCommand(),
    ownerOpenCommand(),
    ownerShareCommand(),
    ownerReheaderCommand(),
    ownerRecipientsCommand(),
    ownerAddRecipientCommand(),
    ownerRemoveRecipientCommand(),
    ownerTrustCommand(),
    ownerPageCommand(),
    ownerCloudAccessCommand(),
    ownerSendCommand(),
  ])
    owner.addCommand(command)
  return owner
}
