"""How people read cells: in a blind order, each reader without the other's words.

Offers: blind_order.
"""
