"""The bibliography: every key cited in the code, such as [Jin17], with the work it stands for."""

from __future__ import annotations

REFERENCES: dict[str, str] = {
    "Alpaydin98": "E. Alpaydin, C. Kaynak, Cascading classifiers, Kybernetika 34, 1998, pp. 369-374.",
    "Benjamini95": (
        "Y. Benjamini, Y. Hochberg, Controlling the false discovery rate, J. R. Stat. Soc. B 57, 1995, pp. 289-300."
    ),
    "Beyer20": "L. Beyer et al., Are we done with ImageNet?, arXiv:2006.07159, 2020.",
    "Blondel08": "V. D. Blondel et al., Fast unfolding of communities in large networks, J. Stat. Mech., 2008.",
    "Coates11": (
        "A. Coates, H. Lee, A. Y. Ng, An analysis of single-layer networks in unsupervised feature learning, AISTATS"
        " 2011, pp. 215-223."
    ),
    "Coates12": (
        "A. Coates, A. Y. Ng, Learning feature representations with k-means, in Neural Networks: Tricks of the Trade,"
        " LNCS 7700, 2012, pp. 561-580."
    ),
    "Cohen60": "J. Cohen, A coefficient of agreement for nominal scales, Educ. Psychol. Meas. 20, 1960, pp. 37-46.",
    "Fleiss71": (
        "J. L. Fleiss, Measuring nominal scale agreement among many raters, Psychol. Bull. 76, 1971, pp. 378-382."
    ),
    "Guo17": "C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, On calibration of modern neural networks, ICML 2017.",
    "He16": "K. He, X. Zhang, S. Ren, J. Sun, Deep residual learning for image recognition, CVPR 2016.",
    "Higuchi22": "K. Higuchi, Ranking changed after removing 14,000 label errors on ImageNet, 2022.",
    "Jin17": (
        "R. Jin, Y. Dou, Y. Wang, X. Niu, Confusion graph: detecting confusion communities in large scale image"
        " classification, IJCAI 2017, pp. 1980-1986."
    ),
    "Jin18": "C. Jin, R. Jin, K. Chen, Y. Dou, C-MS-Celeb, Comput. Intell. Neurosci. 2018, art. 4512473.",
    "Krippendorff11": "K. Krippendorff, Computing Krippendorff's alpha-reliability, Univ. of Pennsylvania, 2011.",
    "Krizhevsky12": (
        "A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet classification with deep convolutional neural networks,"
        " NeurIPS 2012."
    ),
    "LeCun98": "Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database of handwritten digits, 1998.",
    "LeCun98b": (
        "Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, Proc."
        " IEEE 86, 1998, pp. 2278-2324."
    ),
    "Lee18": "K.-H. Lee, X. He, L. Zhang, L. Yang, CleanNet, CVPR 2018, arXiv:1711.07131.",
    "McInnes18": "L. McInnes, J. Healy, J. Melville, UMAP, arXiv:1802.03426, 2018.",
    "McNemar47": (
        "Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,"
        " Psychometrika 12, 1947, pp. 153-157."
    ),
    "North21a": (
        "C. G. Northcutt, L. Jiang, I. L. Chuang, Confident learning: estimating uncertainty in dataset labels, J."
        " Artif. Intell. Res. 70, 2021; arithmetic after cleanlab 2.9.0."
    ),
    "North21b": (
        "C. G. Northcutt, A. Athalye, J. Mueller, Pervasive label errors in test sets destabilize machine learning"
        " benchmarks, NeurIPS Datasets and Benchmarks 2021."
    ),
    "Patrini17": "G. Patrini et al., Making deep neural networks robust to label noise, CVPR 2017.",
    "Pleiss20": (
        "G. Pleiss, T. Zhang, E. Elenberg, K. Q. Weinberger, Identifying mislabeled data using the area under the"
        " margin ranking, NeurIPS 2020, arXiv:2001.10528."
    ),
    "Robbins56": (
        "H. Robbins, An empirical Bayes approach to statistics, Proc. 3rd Berkeley Symp. Math. Statist. Probab. 1,"
        " 1956, pp. 157-163."
    ),
    "Storey02": "J. D. Storey, A direct approach to false discovery rates, J. R. Stat. Soc. B 64, 2002, pp. 479-498.",
    "Traag19": "V. A. Traag, L. Waltman, N. J. van Eck, From Louvain to Leiden, Sci. Rep. 9, art. 5233, 2019.",
    "Vovk05": "V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, Springer, 2005.",
    "WCAG22": "W3C, Web Content Accessibility Guidelines (WCAG) 2.2, 2023.",
    "Wilson27": (
        "E. B. Wilson, Probable inference, the law of succession, and statistical inference, J. Am. Stat. Assoc. 22,"
        " 1927, pp. 209-212."
    ),
    "Zhu22": (
        "Z. Zhu, Z. Dong, Y. Liu, Detecting corrupted labels without training a model to predict, ICML 2022,"
        " arXiv:2110.06283."
    ),
}
