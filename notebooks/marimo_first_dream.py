import marimo

__generated_with = "0.25.2"
app = marimo.App()


@app.cell
def _():
    import marimo as mo

    import dream_nb

    return dream_nb, mo


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    # The first dream, in marimo

    Say what you want to see, and see it. The studio inside this package draws it on your machine. The next line
    chooses it: no key is read, and nothing is sent over a network. `dream_nb.Session()` without `backend` asks the
    hosted API where you have a key for one.
    """)
    return


@app.cell
def _(dream_nb):
    session = dream_nb.Session(backend="studio")
    return (session,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    One call makes a video. A card counts while it is made; then the video plays. Run the cell again, and the same dream
    comes back from the `dreams` folder beside this notebook at once.
    """)
    return


@app.cell
def _(session):
    lake = session.dream("a serene lake at sunset")
    lake
    return (lake,)


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    What is shown is also an object: its file is a path, and its frames are arrays of NumPy.
    """)
    return


@app.cell
def _(lake):
    brightness = [float(frame.mean()) for frame in lake.frames()]
    lake.path.name, len(brightness), lake.frame_at(0).shape
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    Words in braces make several dreams, one for each.
    """)
    return


@app.cell
def _(session):
    hours = session.sweep("a lighthouse on a cliff at {dawn|dusk}", kind="image")
    hours
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    A card has buttons that go on from its dream: *Extend*, *Another take*, *As keyframe*. Rest the pointer on it, and
    it plays.
    """)
    return


@app.cell
def _(dream_nb, lake):
    dream_nb.Card(lake)
    return


@app.cell(hide_code=True)
def _(mo):
    mo.md("""
    The panel is a form for all of it. What it makes stands below it, and `panel.dreams` has it too.
    """)
    return


@app.cell
def _(dream_nb, session):
    panel = dream_nb.Panel(session, prompt="a whale under the moon, watercolour")
    panel
    return


if __name__ == "__main__":
    app.run()
