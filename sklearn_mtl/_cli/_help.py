"""What the help of the command line says about it as a whole."""

DESCRIPTION = """\
One network for several label columns of text, some of their cells empty.

Without a command: the main job. It fits on texts that are always there, the
docstrings of Python and of installed libraries, and prints scores for each task
beside those of single-task models. It takes no arguments.
"""
EPILOG = """\
examples:
  python -m sklearn_mtl
      the main job

  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone
      learn from a table of your own; score on a part of it that is held out

  python -m sklearn_mtl fit tickets.csv --text body --tasks topic tone \\
      --save model.mtl
  python -m sklearn_mtl predict model.mtl new.csv --to out.csv
      save what was learnt; predict another table later, or elsewhere

  python -m sklearn_mtl fit --help
      all about tables, and more examples
"""
FIT_DESCRIPTION = """\
Learn from a table with one or more columns of texts and one or more columns of
labels, the tasks. Print scores, on the table of --test or else on a part of
DATA that is held out. Predict the table of --predict, if there is one, and save
the network to the file of --save.
"""
FIT_EPILOG = """\
tables:
  The ending of a name tells the format: .csv, .tsv, .jsonl (one JSON object a
  line), each also with .gz after it, and .parquet if pyarrow is installed.
  Text is UTF-8, unless --encoding says otherwise. Labels of CSV and TSV are
  strings; the other formats keep numbers and booleans. Numbers that mean the
  same, as 1 and 1.0, are one label. Columns that are not used may share a name.

quotation marks:
  A cell of CSV that holds a comma, a line break or a quotation mark stands in
  quotation marks. TSV follows the same rules, and where its quotation marks
  break them they are characters like any other. --quoting says which.

missing labels:
  An empty cell, null or NaN means that nobody has labelled the text for this
  task. It is neither learnt from nor scored. Words like "none" or "n/a" are
  labels like any other, unless --missing names them. An empty text is a text.

several labels in a cell:
  In JSON lines and Parquet they are lists. In CSV and TSV name the columns by
  --tags. What separates the labels is --separator, or else that of |, ; and
  the comma which most cells hold. An empty list, or a cell that holds the
  separator alone, says that no label applies. Predictions are written alike.

predictions:
  The columns of --predict, and for each task its label in TASK_predicted and
  the probability of that label in TASK_probability. If the scores were on
  held-out rows, the network is fitted again for this, on all rows; --held-out 0
  saves that time and prints no scores.

model files:
  --save writes the network that was fitted on all rows, the one that --predict
  uses. The file holds no code; the command predict reads it, and in Python
  sklearn_mtl.load. As with --to, an old file of this name is replaced.
  It lists words of the texts, so encrypt it where these are personal: if the
  environment variable SKLEARN_MTL_PASSWORD, or that of --password-env, holds a
  password, the file is encrypted by it. This needs the extra "secure".

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
  0 done; 1 something is wrong with a table or its contents; 2 with the command
  or a model file
"""
PREDICT_DESCRIPTION = """\
Predict a table by a model that fit --save, or classifier.save in Python, has
written. The training data are not needed.
"""
PREDICT_EPILOG = """\
tables:
  As with fit, whose help says more: .csv, .tsv, .jsonl, each also with .gz
  after it, and .parquet if pyarrow is installed. A model of fit --save knows
  the columns of its texts; --text is for columns of other names, and for models
  saved in Python. An empty text is a text.

predictions:
  The columns of NEW, and for each task its label in TASK_predicted and the
  probability of that label in TASK_probability. Several labels of a cell are
  lists in JSON lines and Parquet; in CSV and TSV they are joined as in the
  training table, or by the first of |, ; and the comma that no label holds.

encrypted models:
  The password is read from the environment variable SKLEARN_MTL_PASSWORD, or
  that of --password-env; others could see an argument. While there is one, a
  model that is not encrypted is refused: it may have taken the place of yours.

examples:
  python -m sklearn_mtl predict model.mtl new.csv --to predicted.csv
  python -m sklearn_mtl predict model.mtl new.jsonl.gz --text title body \\
      --to predicted.parquet
  read -rs SKLEARN_MTL_PASSWORD && export SKLEARN_MTL_PASSWORD
  python -m sklearn_mtl predict secret.mtl new.csv --to predicted.csv

exit codes:
  0 done; 1 something is wrong with a table or its contents; 2 with the command
  or the model
"""
