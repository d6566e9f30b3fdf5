"""Ids in responses and in paths, each with what it names and an example."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from api.schemas.base import Id, Matching

CustomerRef = Annotated[str, Field(description="Id of the customer.", examples=["cus_demo"])]
ProductRef = Annotated[str, Field(description="Id of the product.", examples=["prd_owl"])]
OrderRef = Annotated[str, Field(description="Id of the order.", examples=["ord_7k2m9q0z7x3c5v6b4n1d"])]
RaffleRef = Annotated[str, Field(description="Id of the raffle.", examples=["rfl_spring"])]
PaymentRef = Annotated[str, Field(description="Id of the payment.", examples=["pay_4h8s2k1m9q0z7x3c5v6b"])]
CardRef = Annotated[str, Field(description="Id of the card.", examples=["crd_1m9q0z7x3c5v6b4n8f2k"])]
ThreadRef = Annotated[str, Field(description="Id of the conversation.", examples=["thr_5f0c7d2a"])]
TurnRef = Annotated[str, Field(description="Id of the turn that answers the message.", examples=["trn_9b1e"])]

ActionPath = Annotated[Id, Path(description="Id of the pending action.", examples=["act_3c5v6b4n"])]
AddressPath = Annotated[Id, Path(description="Id of the address.", examples=["adr_2k1m9q0z"])]
CardPath = Annotated[Id, Path(description="Id of the card.", examples=["crd_1m9q0z7x"])]
CustomerPath = Annotated[Id, Path(description="Id of the customer.", examples=["cus_demo"])]
DocumentPath = Annotated[
    str,
    Matching(r"^[a-z0-9][a-z0-9-]{0,62}$", "small letters, digits and hyphens, such as returns-policy"),
    Path(description="Id of the document.", examples=["returns-policy"]),
]
ErasurePath = Annotated[Id, Path(description="Id of the erasure.", examples=["era_7x3c5v6b"])]
HandoffPath = Annotated[Id, Path(description="Id of the hand-over.", examples=["hnd_6b4n8f2k"])]
JobPath = Annotated[Id, Path(description="Id of the job.", examples=["job_0z7x3c5v"])]
NoticePath = Annotated[
    str,
    Matching(r"^[A-Za-z0-9_.:-]{1,200}$", "the id of a notice"),
    Path(description="Id of the notice.", examples=["ntc_5v6b4n8f"]),
]
OrderPath = Annotated[Id, Path(description="Id of the order.", examples=["ord_7k2m9q0z"])]
PaymentPath = Annotated[Id, Path(description="Id of the payment.", examples=["pay_4h8s2k1m"])]
ProductPath = Annotated[Id, Path(description="Id of the product.", examples=["prd_owl"])]
RafflePath = Annotated[Id, Path(description="Id of the raffle.", examples=["rfl_spring"])]
ReviewPath = Annotated[Id, Path(description="Id of the fraud review.", examples=["rev_8f2k1m9q"])]
SessionPath = Annotated[Id, Path(description="Id of the session.", examples=["tok_9q0z7x3c"])]
StaffPath = Annotated[Id, Path(description="Id of the staff account.", examples=["stf_sam"])]
ThreadPath = Annotated[Id, Path(description="Id of the conversation.", examples=["thr_5f0c7d2a"])]
TurnPath = Annotated[Id, Path(description="Id of the turn.", examples=["trn_9b1e"])]
