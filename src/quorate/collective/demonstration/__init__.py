"""Two campaigns that never were, each made by the operations that real ones are made by.

``plan.json`` beside this file is what ``quorate plan`` wrote of 300 made-up people.
"""
