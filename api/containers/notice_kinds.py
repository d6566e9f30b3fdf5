"""The notices that customers are sent, from the packages that publish them."""

from commerce.age.events import AgeRenewalNotice
from commerce.checkout.events import OrderFailedNotice, OrderHeldNotice, OrderReceiptNotice
from commerce.customers.events import (
    ContactChangedNotice,
    PasswordChangedNotice,
    SignInCodeNotice,
    VerifyEmailNotice,
    VerifyPhoneNotice,
)
from commerce.memberships.notices import (
    BenefitIssuedNotice,
    CancelledNotice,
    DowngradedNotice,
    DowngradePlannedNotice,
    MembershipEndedNotice,
    MembershipReceiptNotice,
    PaymentFailedNotice,
    PromotionNotice,
    ReactivatedNotice,
    SuspendedNotice,
    UpgradedNotice,
    WelcomeNotice,
)
from commerce.notices.models import NoticeEvent
from commerce.payments.events import RefundNotice
from commerce.raffles.events import (
    RaffleCancelledNotice,
    RaffleConfirmationNotice,
    RaffleRunnerUpNotice,
    RaffleWinnerNotice,
)

NOTICE_KINDS: tuple[type[NoticeEvent], ...] = (
    AgeRenewalNotice,
    BenefitIssuedNotice,
    CancelledNotice,
    ContactChangedNotice,
    DowngradePlannedNotice,
    DowngradedNotice,
    MembershipEndedNotice,
    MembershipReceiptNotice,
    OrderFailedNotice,
    OrderHeldNotice,
    OrderReceiptNotice,
    PasswordChangedNotice,
    PaymentFailedNotice,
    PromotionNotice,
    RaffleCancelledNotice,
    RaffleConfirmationNotice,
    RaffleRunnerUpNotice,
    RaffleWinnerNotice,
    ReactivatedNotice,
    RefundNotice,
    SignInCodeNotice,
    SuspendedNotice,
    UpgradedNotice,
    VerifyEmailNotice,
    VerifyPhoneNotice,
    WelcomeNotice,
)
