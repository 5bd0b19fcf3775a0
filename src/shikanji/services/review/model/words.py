"""Words that make a review wait until somebody has looked at it: English, Hindi in Latin letters, Hindi."""

ENGLISH = """
arsehole asshole bastard bitch bitches bollocks bullshit cock cunt dickhead faggot fuck fucked fucker fuckers fucking
fucks goddamn jackass jerkoff motherfucker motherfucking nigga nigger piss prick pussy retard retarded shit shits shitty
slut sluts stfu twat wank wanker whore whores wtf
"""
HINGLISH = """
bc behenchod behnchod benchod bhenchod bhosadike bhosdi bhosdike bosdike chod chodu chut chutia chutiya chutiye chutyia
gaand gand gandu haramkhor harami haramzada haramzade haramzadi jhant jhantu kamina kamine kamini kutia kutiya kutta
lauda laude lavda lavde loda lodu lund madarchod madarjat mc raand randi saala sala suar suwar tatti
"""
HINDI = """
कमीना कमीने कुतिया कुत्ता गांड गांडू चूत चूतिया चूतिये चोद झांट बहनचोद भेनचोद भोसड़ी भोसड़ीके मादरचोद रंडी लंड लवड़े लौड़ा साला साले
सूअर हरामखोर हरामज़ादा हरामी
"""
