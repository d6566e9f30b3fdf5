"""Who comes to the shop and how it reaches them: accounts, sign-in, age, notices, hand-overs."""

from datetime import timedelta
from functools import cached_property

from api.containers.ground import Ground
from api.containers.notice_kinds import NOTICE_KINDS
from commerce.age.cache import RedisProofCache
from commerce.age.evidence import Evidence
from commerce.age.renewals import Renewals
from commerce.age.service import AgeRules, AgeVerification
from commerce.customers.addresses import Addresses
from commerce.customers.codes import OneTimeCodes
from commerce.customers.consents import Consents
from commerce.customers.lockouts import Lockouts
from commerce.customers.own_access import OwnAccess
from commerce.customers.passwords import Passwords
from commerce.customers.registrations import Registrations
from commerce.customers.service import Customers
from commerce.customers.sessions import Sessions
from commerce.customers.signin import Access
from commerce.customers.staff import StaffAccounts
from commerce.handoffs.service import Handoffs
from commerce.notices.files import EmlMailer, FileTexter
from commerce.notices.offers import Offers
from commerce.notices.recipients import Recipients
from commerce.notices.service import Notices, Post
from commerce.notices.writing import Writer


class People(Ground):
    @cached_property
    def customers(self) -> Customers:
        return Customers(self.ledger, self.data_keys, self.digests, now=self.now)

    @cached_property
    def addresses(self) -> Addresses:
        return Addresses(self.ledger, self.customers, self.data_keys, now=self.now)

    @cached_property
    def access(self) -> Access:
        return Access(
            OneTimeCodes(self.ledger, self.outbox, self.data_keys, self.digests, now=self.now),
            Passwords(self.ledger, now=self.now),
            Lockouts(self.ledger, self.digests, now=self.now),
            Sessions(self.ledger, self.tokens, now=self.now),
            Registrations(self.ledger, self.customers, self.data_keys, now=self.now),
        )

    @cached_property
    def own_access(self) -> OwnAccess:
        return OwnAccess(self.ledger, self.customers, self.access, self.outbox, self.data_keys, now=self.now)

    @cached_property
    def staff(self) -> StaffAccounts:
        return StaffAccounts(self.ledger, self.access, self.data_keys, self.digests, now=self.now)

    @cached_property
    def consents(self) -> Consents:
        return Consents(self.ledger, self.customers, now=self.now)

    @cached_property
    def ages(self) -> AgeVerification:
        evidence = Evidence(self.data_keys, self.digests)
        rules = AgeRules(timedelta(days=self.settings.shop.age_grace_days), RedisProofCache(self.cache))
        return AgeVerification(self.ledger, self.customers, self.outbox, evidence, self.calendar, rules)

    @cached_property
    def renewals(self) -> Renewals:
        grace = timedelta(days=self.settings.shop.age_grace_days)
        return Renewals(self.ledger, self.outbox, now=self.now, grace=grace)

    @cached_property
    def handoffs(self) -> Handoffs:
        return Handoffs(self.ledger, now=self.now)

    @cached_property
    def offers(self) -> Offers:
        return Offers(self.consents, self.digests, url=self.settings.shop.url)

    @cached_property
    def writer(self) -> Writer:
        return Writer(self.settings.shop, self.calendar, kinds=NOTICE_KINDS)

    @cached_property
    def notices(self) -> Notices:
        folder, shop = self.settings.mail.folder, self.settings.shop
        post = Post(EmlMailer(folder, shop), FileTexter(folder), self.offers.link)
        recipients = Recipients(self.customers, self.consents, self.data_keys)
        return Notices(self.ledger, recipients, self.data_keys, self.writer, post, now=self.now)
