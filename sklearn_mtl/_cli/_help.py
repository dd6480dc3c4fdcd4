"""The texts of --help: what the commands do, with examples."""

DESCRIPTION = """\
Text classification for tables with several label columns, where cells may be
empty. One network learns all columns.

Without a command it runs a demo, which takes no arguments: it fits docstrings
of Python and of the installed libraries, once with many labels and once with
few, and compares the network with single-task models.
"""
EPILOG = """\
examples:
  python -m sklearn_mtl
      run the demo

  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone
      learn from your table, and score on a fifth of it

  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone \\
      --html report.html
      the same, with a report that you can open in a browser

  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone \\
      --save model.mtl
  python -m sklearn_mtl predict model.mtl new.csv --to out.csv
      save the model, and label another table with it

  python -m sklearn_mtl report model.mtl labelled.csv --html report.html
      score the model on a table that it has not seen

  python -m sklearn_mtl fit --help
      all options, what tables may look like, and more examples
"""
FIT_DESCRIPTION = """\
Learn from a table with one or more text columns and one or more label columns,
called tasks. Print scores, on the table of --test or else on rows of DATA that
are held out. Optionally predict another table, save the model, and write a
report.
"""
FIT_EPILOG = """\
tables:
  The file extension sets the format: .csv, .tsv, .jsonl (one JSON object per
  line), each also with .gz after it, and .parquet if pyarrow is installed.
  Files are read as UTF-8 unless --encoding names another encoding. Labels in
  CSV and TSV are strings; the other formats keep numbers and booleans. Equal
  numbers, such as 1 and 1.0, are one label. Unused columns may have any names,
  even the same.

quotation marks:
  In CSV, a cell with a comma, a line break or a quotation mark must be quoted.
  TSV follows the same rules, unless its quotation marks break them: then they
  are ordinary characters. --quoting decides it for you.

missing labels:
  An empty cell, null or NaN has no label. It is left out of training and
  scores. Words such as "none" or "n/a" are labels unless --missing names them.
  An empty text is allowed.

several labels in a cell:
  In JSON lines and Parquet, write lists. In CSV and TSV, name the columns in
  --tags. --separator is the text between labels; by default it is |, ; or a
  comma, whichever is in most cells. An empty list, or a cell with only the
  separator, means that no label applies. Predictions are written in the same
  way.

predictions:
  All columns of --predict, and two more for each task: TASK_predicted has the
  label, TASK_probability its probability. After scores on held-out rows, the
  model is fitted again on all rows; --held-out 0 skips the scores and saves
  that time.

models:
  --save writes the model that was fitted on all rows, the one that --predict
  uses. The file contains no code. The command predict reads it, and so does
  sklearn_mtl.load in Python. It contains words from the texts. If these are
  confidential, encrypt it: set the environment variable SKLEARN_MTL_PASSWORD,
  or the one named by --password-env, to a password (needs the extra "secure").

reports:
  --html writes one web page that needs no other file and no network: scores of
  each task and class, missing labels, confusion, calibration, training loss,
  parameters and versions (needs the extra "plot").

examples:
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone
  python -m sklearn_mtl fit train.csv.gz --text body --tasks topic \\
      --test test.csv.gz
  python -m sklearn_mtl fit tickets.csv --text title body --tasks topic tone \\
      --predict new.csv --to predicted.csv
  python -m sklearn_mtl fit tickets.jsonl --text body --tasks topic \\
      --missing none n/a
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic --tags tags \\
      --ordinal urgency=low,middle,high
  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone \\
      --held-out 0 --save model.mtl

exit codes:
  0  success
  1  something is wrong with a table or its contents
  2  something is wrong with the command or a model file
"""
PREDICT_DESCRIPTION = """\
Predict the labels of a table with a model that was saved by fit --save, or by
classifier.save in Python. The training data are not needed.
"""
PREDICT_EPILOG = """\
tables:
  The formats are those of fit: .csv, .tsv, .jsonl, each also with .gz after it,
  and .parquet if pyarrow is installed. A model from fit --save knows its text
  columns. Name them in --text if they are called differently in NEW, or if the
  model was saved in Python. An empty text is allowed.

predictions:
  All columns of NEW, and two more for each task: TASK_predicted has the label,
  TASK_probability its probability. Several labels in a cell are lists in JSON
  lines and Parquet. In CSV and TSV they are joined as in the training table, or
  by the first of |, ; and comma that occurs in no label.

encrypted models:
  The password is read from the environment variable SKLEARN_MTL_PASSWORD, or
  the one named by --password-env, because others could see it on the command
  line. If it is set, a model that is not encrypted is refused: someone may
  have replaced your file.

examples:
  python -m sklearn_mtl predict model.mtl new.csv --to predicted.csv
  python -m sklearn_mtl predict model.mtl new.jsonl.gz --text title body \\
      --to predicted.parquet
  read -rs SKLEARN_MTL_PASSWORD && export SKLEARN_MTL_PASSWORD
  python -m sklearn_mtl predict secret.mtl new.csv --to predicted.csv

exit codes:
  0  success
  1  something is wrong with a table or its contents
  2  something is wrong with the command or the model
"""
REPORT_DESCRIPTION = """\
Score a model that was saved by fit --save, or by classifier.save in Python, on
a labelled table. DATA should hold rows that the model was not fitted on.
"""
REPORT_EPILOG = """\
tables:
  The formats are those of fit: .csv, .tsv, .jsonl, each also with .gz after it,
  and .parquet if pyarrow is installed. Each task of the model is scored if DATA
  has a column of its name. Empty cells are left out.

reports:
  --html writes one web page that needs no other file and no network: scores of
  each task and class, missing labels, confusion, calibration, parameters and
  versions (needs the extra "plot").

examples:
  python -m sklearn_mtl report model.mtl labelled.csv
  python -m sklearn_mtl report model.mtl labelled.csv --html report.html
  python -m sklearn_mtl report model.mtl labelled.csv --tasks topic \\
      --missing none n/a --text title body

exit codes:
  0  success
  1  something is wrong with a table or its contents
  2  something is wrong with the command or the model
"""
