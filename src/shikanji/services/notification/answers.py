"""What the notification service answers when others ask."""

from shikanji.contracts.notification import CodeSent, SendCode
from shikanji.kit.calls import Answers
from shikanji.kit.service import Room
from shikanji.services.notification import posting

answers = Answers()


@answers.to(SendCode)
async def send_code(room: Room, call: SendCode) -> CodeSent:
    return CodeSent(sent=await posting.send_code(room, call.challenge_id))
